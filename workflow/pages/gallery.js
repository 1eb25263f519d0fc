const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const ACCURACY = data.metrics.indexOf("accuracy");
const SIDES = ["left", "right"];

// The data.

const modelKey = (model) =>
  `${model.backbone}/${model.labeling}${seedOf(model, "-seed")}/${model.descriptor}`;
const seedOf = (model, before, after = "") =>
  model.seed === null ? "" : `${before}${model.seed}${after}`;
const modelText = (model) =>
  [model.backbone, model.labeling + seedOf(model, " (seed ", ")"), model.descriptor].join(" · ");

function unpacked(text, ArrayType) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return new ArrayType(bytes.buffer);
}

// Models are decoded on first use: a page has many, of which few are viewed.
const decoded = new Map();
function retrieval(number) {
  if (!decoded.has(number)) {
    const model = data.models[number];
    decoded.set(number, {
      hits: unpacked(model.hits, Uint16Array),
      similarity: unpacked(model.similarity, Int16Array),
      scores: unpacked(model.scores, Float32Array),
    });
  }
  return decoded.get(number);
}
const score = (model, query, metric = ACCURACY) =>
  retrieval(model).scores[query * data.metrics.length + metric];
const gain = (query) => score(state.right, query) - score(state.left, query);

const labelNames = (image) => image.labels.map((label) => data.labels[label]);
const queries = [...Array(data.queries).keys()];
const queryNumber = new Map(queries.map((query) => [data.images[query].id, query]));
const modelNumber = new Map(data.models.map((model, number) => [modelKey(model), number]));
const words = queries.map((query) => {
  const image = data.images[query];
  return [image.id, image.scene, ...labelNames(image)].join(" ").toLowerCase();
});

// The state, which is stored in the address.

const by = (value) => (a, b) => value(a) - value(b) || a - b;
const accuracy = (query) => score(state.left, query);
const ORDERS = {
  archive: { compare: (a, b) => a - b, number: accuracy },
  worst: { compare: by(accuracy), number: accuracy },
  best: { compare: by((query) => -accuracy(query)), number: accuracy },
  improved: { compare: by((query) => -gain(query)), number: gain },
  worsened: { compare: by(gain), number: gain },
};

let state;
let listed = [];

function addressOf({ query, left, right, order, search }) {
  const fields = new URLSearchParams();
  if (query !== undefined) fields.set("query", data.images[query].id);
  fields.set("left", modelKey(data.models[left]));
  fields.set("right", modelKey(data.models[right]));
  if (order !== "archive") fields.set("order", order);
  if (search) fields.set("search", search);
  return "#" + fields.toString().replaceAll("%2F", "/");
}

function readAddress() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const [left, right] = data.opening;
  state = {
    query: queryNumber.get(fields.get("query")),
    left: modelNumber.get(fields.get("left")) ?? left,
    right: modelNumber.get(fields.get("right")) ?? right,
    order: Object.hasOwn(ORDERS, fields.get("order")) ? fields.get("order") : "archive",
    search: fields.get("search") ?? "",
  };
  render();
  writeAddress("replaceState");
}

function writeAddress(how) {
  try {
    history[how](null, "", addressOf(state));
  } catch {
    // Some frames have no address that can be written.
  }
}

function go(changes, how = "pushState") {
  Object.assign(state, changes);
  render();
  writeAddress(how);
}

// Rendering.

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function thumbnail(number, alt) {
  const image = element("img");
  image.alt = alt;
  image.decoding = "async";
  image.loading = "lazy";
  image.src = `data:image/jpeg;base64,${data.thumbnails[number]}`;
  return image;
}

const hiddenText = (text) => element("span", "hidden-text", text);
const visualMark = (text) => {
  const mark = element("b", "", text);
  mark.ariaHidden = "true";
  return mark;
};
const number3 = (value) => value.toFixed(3).replace("-", "−");
const signed = (value) => (value > 0 ? "+" : "") + number3(value);
const rounded = (value) => Math.round(value * 1000) / 1000 || 0;

const items = queries.map((query) => {
  const image = data.images[query];
  const button = element(
    "button",
    "",
    thumbnail(query, ""),
    element("span", "id", image.id),
    element("span", "number"),
    element("span", "more", [image.scene, labelNames(image).join(", ")].filter(Boolean).join(" · ")),
  );
  button.type = "button";
  button.tabIndex = -1;
  button.addEventListener("click", () => go({ query }));
  return element("li", "", button);
});
const buttonOf = (query) => items[query].firstChild;

function render() {
  const { compare, number } = ORDERS[state.order];
  const terms = state.search.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = queries.filter((query) => terms.every((term) => words[query].includes(term)));
  matches.sort(compare);
  state.query ??= matches[0] ?? 0;
  if (matches.join() !== listed.join()) {
    const focused = document.activeElement;
    listed = matches;
    at("list").replaceChildren(...listed.map((query) => items[query]));
    if (at("list").contains(focused)) focused.focus({ preventScroll: true });
  }
  for (const query of listed) {
    const value = number(query);
    buttonOf(query).querySelector(".number").textContent =
      number === gain ? signed(rounded(value)) : number3(value);
  }
  at("count").textContent =
    listed.length === data.queries
      ? `${data.queries} queries`
      : `${listed.length} of ${data.queries} queries`;
  at("list-number").textContent = number === gain ? "accuracy, right − left" : "accuracy, left";
  at("none").hidden = listed.length > 0;
  if (at("search").value !== state.search) at("search").value = state.search;
  at("order").value = state.order;
  markCurrent();
  renderQuery();
  SIDES.forEach(renderModel);
  renderScores();
}

function markCurrent() {
  at("list").querySelector("[aria-current]")?.removeAttribute("aria-current");
  const current = listed.includes(state.query) ? state.query : listed[0];
  if (current === undefined) return;
  if (current === state.query) buttonOf(current).setAttribute("aria-current", "true");
  makeTabStop(current);
  reveal(items[current]);
}

function makeTabStop(query) {
  for (const other of at("list").querySelectorAll('button[tabindex="0"]')) other.tabIndex = -1;
  buttonOf(query).tabIndex = 0;
}

// Scrolls the list only; `scrollIntoView` would also scroll the page.
function reveal(item) {
  const list = at("list");
  const [box, target] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  list.scrollBy({
    top: Math.min(0, target.top - box.top) + Math.max(0, target.bottom - box.bottom),
    left: Math.min(0, target.left - box.left) + Math.max(0, target.right - box.right),
  });
}

function renderQuery() {
  const image = data.images[state.query];
  document.title = `${image.id} · ${data.archive} · retrieval gallery`;
  at("query-id").textContent = image.id;
  at("query-scene").textContent = image.scene;
  at("query-image").src = `data:image/jpeg;base64,${data.thumbnails[state.query]}`;
  at("query-image").alt = `The query ${image.id}`;
  at("query-map").replaceChildren(...mapLink(state.query));
  at("query-labels").replaceChildren(
    ...labelNames(image).map((label) => element("li", "chip", label)),
  );
}

// A link to the place of an image, which is requested only when it is followed.
function mapLink(number) {
  const address = data.maps[number];
  if (!address) return [];
  const link = element("a", "map", "map");
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.ariaLabel = `Map of the place of ${data.images[number].id}`;
  return [link];
}

function renderModel(side) {
  const { hits, similarity } = retrieval(state[side]);
  const first = state.query * data.k;
  const images = [...hits.subarray(first, first + data.k)];
  at(side).value = String(state[side]);
  at(`${side}-hits`).replaceChildren(
    ...images.map((image, rank) => hit(image, rank + 1, similarity[first + rank] / 1000)),
  );
  const { scene } = data.images[state.query];
  const same = images.filter((image) => data.images[image].scene === scene).length;
  at(`${side}-words`).textContent = [
    `accuracy ${number3(score(state[side], state.query))}`,
    ...(scene ? [`${same} of ${data.k} of the same scene`] : []),
  ].join(" · ");
}

function hit(number, rank, similarity) {
  const query = data.images[state.query];
  const image = data.images[number];
  const parts = [thumbnail(number, ""), element("span", "id", image.id)];
  let view = element("div", "image", ...parts);
  if (number < data.queries) {
    view = element("a", "image", ...parts);
    view.href = addressOf({ ...state, query: number });
    view.title = `Use ${image.id} as the query`;
    view.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go({ query: number });
      at("query-id").focus({ preventScroll: true });
      document.querySelector(".query").scrollIntoView();
    });
  }
  const place = element(
    "p",
    "place",
    element("b", "rank", String(rank)),
    ...mapLink(number),
    number3(similarity),
  );
  const scene = query.scene ? [sceneLine(image.scene, image.scene === query.scene)] : [];
  return element("li", "hit", place, view, ...scene, chips(query, image));
}

function sceneLine(scene, same) {
  const mark = visualMark(same ? "=" : "≠");
  mark.className = same ? "same" : "other";
  const name = element("span", "", hiddenText(same ? "same scene: " : "other scene: "), scene);
  return element("p", "scene", mark, name);
}

function chips(query, image) {
  const kinds = [
    ["shared", "✓", query.labels.filter((label) => image.labels.includes(label))],
    ["missing", "−", query.labels.filter((label) => !image.labels.includes(label))],
    ["extra", "+", image.labels.filter((label) => !query.labels.includes(label))],
  ];
  const nodes = kinds.flatMap(([kind, mark, labels]) =>
    labels.map((label) =>
      element(
        "li",
        `chip ${kind}`,
        visualMark(mark),
        hiddenText(`${kind}:`),
        " ",
        element(kind === "missing" ? "s" : "span", "", data.labels[label]),
      ),
    ),
  );
  return element("ul", "chips", ...nodes);
}

function renderScores() {
  const cell = (value, className = "") =>
    element("td", className, Number.isFinite(value) ? number3(value) : "–");
  const rows = data.metrics.map((metric, number) => {
    const lower = data.lower_is_better.includes(metric);
    const [left, right] = SIDES.map((side) => score(state[side], state.query, number));
    const means = SIDES.map((side) => data.models[state[side]].means[number]);
    const difference = rounded(right - left);
    const better = Number.isFinite(difference) ? Math.sign(difference) * (lower ? -1 : 1) : 0;
    const name = element("th", "", metric, ...(lower ? [element("small", "", " ↓")] : []));
    name.scope = "row";
    if (lower) name.title = "lower is better";
    const last = element("td", "difference");
    if (Number.isFinite(difference)) last.append(signed(difference));
    else last.append("–");
    if (better) {
      last.append(element("i", `half ${better > 0 ? "right" : "left"}`));
      last.append(hiddenText(better > 0 ? "right is better" : "left is better"));
    }
    return element(
      "tr", "", name, cell(left, "score"), cell(means[0], "mean"), cell(right, "score"), cell(means[1], "mean"), last,
    );
  });
  at("scores").replaceChildren(...rows);
}

function fillPresets() {
  const [left, right] = data.opening;
  const preset = (text, title, changes) => {
    const link = element("a", "", text);
    link.href = addressOf({ left, right, order: "archive", search: "", ...changes });
    link.title = title;
    return element("li", "", link);
  };
  const figures = data.figures.map(({ figure, scene, query }) =>
    preset(scene, `First query of this scene, as in figure ${figure} of the thesis`, { query }),
  );
  at("presets").replaceChildren(
    ...(figures.length ? [element("li", "note", "The thesis’ figures"), ...figures] : []),
    element("li", "note", "By accuracy"),
    preset("worst", "Worst by the left model", { order: "worst" }),
    preset("best", "Best by the left model", { order: "best" }),
    preset("most improved", "Most improved from left to right", { order: "improved" }),
  );
}

// Actions.

function move(step) {
  if (!listed.length) return;
  const focused = items.findIndex((item) => item.contains(document.activeElement));
  const start = focused >= 0 ? focused : state.query;
  const place = listed.indexOf(start) + step;
  focusItem(document.activeElement === at("search") && step > 0 ? 0 : place);
}

function focusItem(place) {
  const query = listed[Math.min(Math.max(place, 0), listed.length - 1)];
  makeTabStop(query);
  reveal(items[query]);
  buttonOf(query).focus({ preventScroll: true });
}

function pressed(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
  const typing = target.matches("input, select, textarea");
  const inSearch = target === at("search");
  const inList = at("list").contains(target);
  const actions = {};
  if (!typing) {
    actions["/"] = () => at("search").select();
    actions["?"] = () => at("keys").showModal();
    actions.j = () => move(1);
    actions.k = () => move(-1);
  }
  if (inSearch || inList || target === document.body) {
    actions.ArrowDown = () => move(1);
    actions.ArrowUp = () => move(-1);
  }
  if (inList) {
    actions.Home = () => focusItem(0);
    actions.End = () => focusItem(listed.length - 1);
  }
  if (inSearch && listed.length) actions.Enter = () => go({ query: listed[0] });
  if ((inSearch || inList) && state.search) {
    actions.Escape = () => go({ search: "" }, "replaceState");
  }
  if (Object.hasOwn(actions, key)) {
    event.preventDefault();
    actions[key]();
  }
}

function fillModels(select) {
  const groups = new Map();
  data.models.forEach((model, number) => {
    if (!groups.has(model.backbone)) {
      const group = element("optgroup");
      group.label = model.backbone;
      groups.set(model.backbone, group);
    }
    const option = element("option", "", modelText(model));
    option.value = String(number);
    groups.get(model.backbone).append(option);
  });
  select.replaceChildren(...groups.values());
}

fillPresets();
for (const side of SIDES) {
  fillModels(at(side));
  at(side).addEventListener("change", (event) => go({ [side]: Number(event.target.value) }));
}
at("order").addEventListener("change", (event) => go({ order: event.target.value }));
at("search").addEventListener("input", (event) =>
  go({ search: event.target.value }, "replaceState"),
);
at("show-keys").addEventListener("click", () => at("keys").showModal());
document.addEventListener("keydown", pressed);
addEventListener("hashchange", readAddress);
if (!data.images[0].scene) document.body.classList.add("without-scenes");
readAddress();
