// Prints released stories as they come. Usage: java -cp 'kafka-clients.jar:…' Consumer.java BOOTSTRAP_SERVERS [GROUP]
import com.fasterxml.jackson.databind.*;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.serialization.*;

class Consumer {
    public static void main(String[] arguments) throws Exception {
        var group = arguments.length > 1 ? arguments[1] : "my-newsroom";
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "group.id", group,
            "isolation.level", "read_committed", "auto.offset.reset", "earliest", "enable.auto.commit", "false");
        var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("wire.stories"));
        while (true) {
            for (var record : consumer.poll(Duration.ofSeconds(1))) {
                var story = new ObjectMapper().readTree(record.value());
                if (Set.of("canceled", "withheld").contains(story.path("pubStatus").asText())) {
                    System.out.println("TAKE DOWN " + story.path("uri").asText());
                } else {
                    // The same version may come again: keep what you have by uri and version.
                    System.out.println("RUN " + story.path("uri").asText() + " " + story.path("version").asText()
                        + " " + story.path("headlines").path(0).path("value").asText());
                }
            }
            consumer.commitSync();
        }
    }
}
