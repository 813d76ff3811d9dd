// The console. Every text of a story is set as text, never as markup.
const shown = 300;
const $ = (selector) => document.querySelector(selector);
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = String(text);
  return node;
};
const ask = async (what) => {
  const answer = await fetch(`/console/${what}`);
  if (!answer.ok) throw new Error(`${what}: ${answer.status}`);
  return answer.json();
};

// Stories as they come. They are put on the page once a frame at most, so a busy wire does not freeze it.
const list = $("#stories");
const waiting = [];
let paused = false;
let drawing = false;
const kinds = new Set(["new", "update", "correction", "writethru", "repeat", "kill", "rewrite", "copy"]);

function storyNode(story) {
  const gone = story.status === "canceled" || story.status === "withheld";
  const node = make("li", gone ? "story killed" : "story");
  const meta = make("div", "meta");
  const kind = gone ? (story.status === "canceled" ? "kill" : "recalled") : story.kind;
  meta.append(make("span", kinds.has(kind) ? `kind ${kind}` : "kind", kind));
  meta.append(make("time", "", new Date(story.at).toLocaleTimeString()));
  for (const part of [story.agency, story.dateline, story.language]) if (part) meta.append(make("span", "", part));
  for (const tag of [...story.signals, ...story.topics]) meta.append(make("span", "tag", tag));
  node.append(meta, make("h2", "", story.headline || story.uri));
  node.story = story;
  return node;
}

function open(node) {
  const more = node.querySelector(".more");
  if (more) return more.remove();
  const { story } = node;
  const about = [`${story.uri}, version ${story.version ?? "?"}`];
  if (story.of && story.of !== story.uri) about.push(`of ${story.of}${story.similarity ? `, likeness ${story.similarity}` : ""}`);
  if (story.people.length) about.push(`People: ${story.people.join(", ")}`);
  node.append(make("div", "more", `${story.text}\n\n${about.join("\n")}`));
}

function draw() {
  drawing = false;
  const batch = waiting.splice(0, waiting.length).slice(-shown);
  const fresh = document.createDocumentFragment();
  for (const story of batch.reverse()) fresh.append(storyNode(story));
  list.prepend(fresh);
  while (list.children.length > shown) list.lastElementChild.remove();
  $("#empty").hidden = list.children.length > 0;
  plot(batch);
}

new EventSource("/console/stories").onmessage = (event) => {
  waiting.push(JSON.parse(event.data));
  if (waiting.length > 2 * shown) waiting.splice(0, waiting.length - shown);
  if (!paused && !drawing) {
    drawing = true;
    requestAnimationFrame(draw);
  }
};

list.addEventListener("click", (event) => {
  const node = event.target.closest(".story");
  if (node && !window.getSelection().toString()) open(node);
});

// The map: land as dots where cities are, and the datelines of the latest stories.
const map = $("#map");
const points = [];
let land = [];
function plot(stories) {
  for (const story of stories) for (const point of story.points) if (point) points.unshift(point);
  points.length = Math.min(points.length, 60);
  const pen = map.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const place = ([east, north]) => [((east + 180) / 360) * map.width, ((84 - north) / 144) * map.height];
  pen.clearRect(0, 0, map.width, map.height);
  pen.fillStyle = style.getPropertyValue("--line");
  for (const cell of land) {
    const [x, y] = place(cell);
    pen.fillRect(x - 0.9, y - 0.9, 1.8, 1.8);
  }
  pen.fillStyle = style.getPropertyValue("--accent");
  points.forEach((point, age) => {
    const [x, y] = place(point);
    pen.globalAlpha = 1 - age / 80;
    pen.beginPath();
    pen.arc(x, y, age < 3 ? 5 : 3, 0, 7);
    pen.fill();
  });
  pen.globalAlpha = 1;
}
ask("land.json").then((cells) => { land = cells; plot([]); }).catch(() => {});

// The journey: what each stage took in, how fast, and what waits before it.
let before = null;
async function journey() {
  const summary = $("#summary");
  try {
    const [state, lags] = await Promise.all([ask("state"), ask("lag")]);
    const now = performance.now();
    const ready = new Map(state.services.map((service) => [service.name, service]));
    const items = lags.map(({ stage, lag }) => {
      const count = state.counts[stage]?.received ?? 0;
      const seconds = before ? (now - before.at) / 1000 : 0;
      const rate = before ? (count - (before.counts[stage]?.received ?? 0)) / seconds : 0;
      const node = make("li", [lag > 1000 ? "late" : "", ready.has(stage) && !ready.get(stage).ready ? "down" : ""].join(" ").trim());
      node.append(make("b", "", stage), make("span", "", `${rate.toFixed(rate < 10 ? 1 : 0)} a second`), make("span", "", `${lag} waiting`));
      const dead = state.counts[stage]?.dead ?? 0;
      if (dead) node.append(make("span", "", `${dead} dead letters`));
      return node;
    });
    $("#journey").replaceChildren(...items);
    before = { at: now, counts: state.counts };
    const down = state.services.filter((service) => !service.ready).map((service) => service.name);
    summary.textContent = down.length ? `not ready: ${down.join(", ")}` : `${state.services.length} services at work · ${state.version}`;
    summary.className = down.length ? "bad" : "";
  } catch (error) {
    summary.textContent = `no answer: ${error.message}`;
    summary.className = "bad";
  }
}
journey();
setInterval(journey, 2000);

// The tables.
const columns = {
  sources: ["source", "state", "kind", "detail", "last_item", "interval"],
  held: ["until", "reason", "headline", "uri", "version"],
  letters: ["count", "error", "stage", "topic"],
};
async function table(view) {
  const section = document.querySelector(`section[data-view="${view}"]`);
  const rows = await ask(view);
  const head = make("tr");
  for (const column of columns[view]) head.append(make("th", "", column.replace("_", " ")));
  section.querySelector("thead").replaceChildren(head);
  const body = document.createDocumentFragment();
  for (const row of rows) {
    const line = make("tr");
    for (const column of columns[view]) line.append(make("td", column === "state" ? `state-${row[column]}` : "", row[column] ?? ""));
    body.append(line);
  }
  if (!rows.length) body.append(make("tr")).append(make("td", "", "none"));
  section.querySelector("tbody").replaceChildren(body);
}

let view = "wire";
async function show(wanted) {
  view = wanted;
  for (const section of document.querySelectorAll("main section")) section.hidden = section.dataset.view !== wanted;
  for (const button of document.querySelectorAll("nav [data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === wanted));
  if (columns[wanted]) await table(wanted).catch((error) => { $("#summary").textContent = error.message; });
}
for (const button of document.querySelectorAll("nav [data-view]")) button.addEventListener("click", () => show(button.dataset.view));
setInterval(() => { if (columns[view]) table(view).catch(() => {}); }, 5000);

function pause() {
  paused = !paused;
  $("#pause").setAttribute("aria-pressed", String(paused));
  if (!paused && waiting.length) draw();
}
$("#pause").addEventListener("click", pause);

$("#search").addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = event.target.q.value.trim();
  if (!query) return show("wire");
  const results = await ask(`search?q=${encodeURIComponent(query)}`).catch(() => []);
  const nodes = results.map((found) => {
    const node = make("li", "story");
    const meta = make("div", "meta");
    for (const part of [found.agency, found.uri, `version ${found.version}`]) if (part) meta.append(make("span", "", part));
    node.append(meta, make("h2", "", found.headline), make("div", "more", found.text));
    return node;
  });
  $("#found").replaceChildren(...(nodes.length ? nodes : [make("li", "", "nothing found")]));
  show("found");
});

// Keys, as long as nobody is typing.
let at = -1;
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const views = ["wire", "sources", "held", "letters"];
  if (views[event.key - 1]) show(views[event.key - 1]);
  else if (event.key === "p") pause();
  else if (event.key === "/") { event.preventDefault(); $("#search input").focus(); }
  else if (event.key === "j" || event.key === "k") {
    at = Math.max(0, Math.min(list.children.length - 1, at + (event.key === "j" ? 1 : -1)));
    for (const node of list.querySelectorAll(".at")) node.classList.remove("at");
    list.children[at]?.classList.add("at");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" && list.children[at]) open(list.children[at]);
});
