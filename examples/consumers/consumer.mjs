// Prints released stories as they come. Usage: npm install kafkajs; node consumer.mjs BOOTSTRAP_SERVERS [GROUP]
import { Kafka, logLevel } from "kafkajs";

const [brokers, groupId = "my-newsroom"] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(","), clientId: groupId, logLevel: logLevel.ERROR });
// What was aborted is left out by default (readUncommitted: false).
const consumer = kafka.consumer({ groupId });
await consumer.connect();
await consumer.subscribe({ topic: "wire.stories", fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const story = JSON.parse(message.value.toString());
    if (["canceled", "withheld"].includes(story.pubStatus)) {
      console.log("TAKE DOWN", story.uri);
    } else {
      // The same version may come again: keep what you have by uri and version.
      console.log("RUN", story.uri, story.version, story.headlines?.[0]?.value ?? "");
    }
  },
});
