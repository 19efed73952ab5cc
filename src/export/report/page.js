"use strict";
// The document: { made, today, root, version, venues-wide figures, groups: [...], tickers: [...], states: [...], bases: [...],
// series: [[ticker, group, state, first, last, rows, files, bytes, basis, months, provisional, lost], ...], revisions, quarantine }.
// Days and months are numbers since 1970; months and lost are first, length, first, length ...; what is not known is null.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const ROW = 28;
const MOST_PRINTED = 3000;
const SHORT = ["J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"];
const KINDS = {
  have: ["\u00a0", "every series that had begun has bars"],
  part: ["%", "so many of a hundred series have bars, the others are not known to lack any"],
  provisional: ["\u2026", "the month has a bar that was not over"],
  missing: ["-n", "so many series lack the month between others that they have, or behind them"],
  lost: ["\u2715", "the source has forgotten it before it was fetched, and it is gone"],
};

// Everything that is shown is set as text, never as HTML.
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) made.append(child instanceof Node ? child : document.createTextNode(child ?? ""));
  return made;
}
const day = (number) => number === null ? "?" : new Date(number * 864e5).toISOString().slice(0, 10);
const month = (number) => `${1970 + Math.floor(number / 12)}-${String(number % 12 + 1).padStart(2, "0")}`;
const cases = (number) => number === 1 ? "case in quarantine" : "cases in quarantine";
const grouped = (number) => number === null || number === undefined ? "?" : number.toLocaleString("en");
function size(bytes) {
  if (bytes === null || bytes === undefined) return "?";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (bytes >= 1024 && at < 4) { bytes /= 1024; at += 1; }
  return `${at ? bytes.toFixed(1) : bytes} ${units[at]}`;
}
function months(day) {
  const date = new Date(day * 864e5);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}
const thisMonth = months(data.today);

// What each month of a series is, from its first to its last, and to this one where it is asked for.
function* each(pairs) {
  for (let at = 0; at < pairs.length; at += 2) for (let m = pairs[at]; m < pairs[at] + pairs[at + 1]; m += 1) yield m;
}
function coverage(one) {
  const found = new Map();
  for (const m of each(one.months)) found.set(m, "have");
  const begin = one.months.length ? one.months[0] : null;
  if (begin !== null) {
    const last = one.months[one.months.length - 2] + one.months[one.months.length - 1] - 1;
    const end = one.isAsked ? Math.max(last, thisMonth) : last;
    for (let m = begin; m <= end; m += 1) if (!found.has(m)) found.set(m, m === thisMonth && one.isAsked ? "none" : "missing");
  }
  for (const m of each(one.lost)) if (found.get(m) !== "have") found.set(m, "lost");
  for (const m of one.provisional) found.set(m, "provisional");
  return found;
}
const all = data.series.map((row, at) => {
  const group = data.groups[row[1]];
  const one = {
    at, ticker: data.tickers[row[0]], group, tree: `${group.venue} ${group.name}`, state: data.states[row[2]],
    first: row[3], last: row[4], rows: row[5], files: row[6], bytes: row[7], basis: data.bases[row[8]] ?? "?",
    months: row[9], provisional: row[10], lost: row[11],
  };
  one.isAsked = one.state === "active" && group.isOfBars;
  one.age = one.last === null ? null : data.today - one.last;
  one.isKnown = one.rows !== null;
  return one;
});
// How many series of a group are what in each month, by the number of the month.
for (const group of data.groups) group.sums = new Map();
function tally(one) {
  const kinds = coverage(one);
  one.have = one.missing = one.lostMonths = 0;
  for (const [m, kind] of kinds) {
    if (kind === "have" || kind === "provisional") one.have += 1;
    else if (kind === "missing") one.missing += 1;
    else if (kind === "lost") one.lostMonths += 1;
    let sum = one.group.sums.get(m);
    if (!sum) one.group.sums.set(m, sum = { have: 0, provisional: 0, missing: 0, lost: 0, none: 0 });
    sum[kind] += 1;
  }
}
for (const one of all) tally(one);

// A calendar of months: a row for each year.
function calendar(label, first, last, cell) {
  const head = el("tr", {}, el("th", {}, ""), SHORT.map((name, at) => el("th", { scope: "col", title: month(at).slice(5) }, name)));
  const rows = [];
  for (let year = Math.floor(last / 12); year >= Math.floor(first / 12); year -= 1) {
    const cells = [];
    for (let at = 0; at < 12; at += 1) {
      const m = year * 12 + at;
      const shown = m < first || m > last ? null : cell(m);
      cells.push(shown ? el("td", { class: shown.kind, title: `${month(m)}: ${shown.title}`, "aria-label": `${month(m)}: ${shown.title}` }, shown.text)
        : el("td", { class: "none" }, ""));
    }
    rows.push(el("tr", {}, el("th", { scope: "row" }, String(1970 + year)), cells));
  }
  return el("div", { class: "months", tabindex: "0", role: "region", "aria-label": `Months of ${label}` }, el("table", { class: "months-grid" }, el("thead", {}, head), el("tbody", {}, rows)));
}
function figures(list) {
  return list.filter((entry) => entry).map(([value, name, isBad]) => el("li", { class: isBad ? "warn" : null }, el("b", {}, value), el("span", {}, name)));
}

function drawGroup(group, of) {
  const sums = group.sums;
  let first = Infinity, last = -Infinity;
  for (const m of sums.keys()) {
    first = Math.min(first, m);
    last = Math.max(last, m);
  }
  const count = (key) => of.reduce((sum, one) => sum + (one[key] ?? 0), 0);
  const unknown = of.filter((one) => !one.isKnown).length;
  const newest = of.reduce((newest, one) => one.last !== null && one.last > newest ? one.last : newest, -Infinity);
  const box = el("div", { class: "group" }, el("h3", {}, `${group.venue} ${group.name}`),
    el("ul", { class: "figures" }, figures([
      [grouped(of.length), "series"], [grouped(count("rows")), "rows"], [size(count("bytes")), `in ${grouped(count("files"))} files`],
      newest > -Infinity && [day(newest), `newest bar, ${grouped(data.today - newest)} days old`],
      count("missing") > 0 && [grouped(count("missing")), "months missing", true], count("lostMonths") > 0 && [grouped(count("lostMonths")), "months lost", true],
      group.backlog > 0 && [grouped(group.backlog), group.hours === null ? "requests open" : `requests open, ${group.hours.toFixed(1)} hours`],
      group.nextLoss !== null && [group.nextLoss, "the source forgets more", group.willLose], unknown > 0 && [grouped(unknown), "of which nothing is recorded"],
    ])));
  if (first <= last) {
    box.append(calendar(`${group.venue} ${group.name}`, first, last, (m) => {
      const sum = sums.get(m);
      if (!sum) return null;
      const have = sum.have + sum.provisional;
      const title = `${grouped(have)} have, ${grouped(sum.provisional)} provisional, ${grouped(sum.missing)} missing, ${grouped(sum.lost)} lost`;
      if (sum.lost) return { kind: "lost", text: `\u2715${sum.lost}`, title };
      if (sum.missing) return { kind: "missing", text: `-${sum.missing}`, title };
      if (!have) return { kind: "none", text: "", title };
      if (sum.provisional) return { kind: "provisional", text: "\u2026", title };
      const share = Math.floor(have * 100 / of.length);
      return share === 100 ? { kind: "have", text: "", title } : { kind: "part", text: String(share), title };
    }));
  }
  return box;
}

// The table of series. Only the rows in view are there.
const COLUMNS = [
  ["ticker", "ticker", false, false], ["tree", "tree", false, false], ["state", "state", false, true], ["first", "first", false, true, day],
  ["last", "last", false, false, day], ["age", "age", true, false, (age) => age === null ? "?" : `${grouped(age)} d`], ["have", "months", true, true, grouped],
  ["missing", "missing", true, false, grouped], ["lostMonths", "lost", true, false, grouped], ["rows", "rows", true, true, grouped],
  ["files", "files", true, true, grouped], ["bytes", "size", true, true, size], ["basis", "basis", false, true],
];
const SHOWN = {
  "all": () => true, "active": (one) => one.state === "active", "not active": (one) => one.state !== "active",
  "with missing months": (one) => one.missing > 0, "with lost months": (one) => one.lostMonths > 0, "provisional": (one) => one.provisional.length > 0,
  "nothing recorded": (one) => !one.isKnown,
};
const view = { sort: "ticker", down: false, found: all, here: 0 };
const scroll = byId("series"), table = byId("table"), body = table.tBodies[0];

function choose() {
  const text = byId("search").value.trim().toUpperCase();
  const group = byId("group").value, shown = SHOWN[byId("state").value];
  view.found = all.filter((one) => (!text || one.ticker.toUpperCase().includes(text)) && (group === "" || one.group === data.groups[group]) && shown(one));
  const key = view.sort, sign = view.down ? -1 : 1;
  view.found.sort((a, b) => {
    const [x, y] = [a[key], b[key]];
    // What is not known comes last, in both directions.
    if (x === null || y === null) return (x === null) - (y === null) || a.at - b.at;
    return (x < y ? -sign : x > y ? sign : 0) || a.at - b.at;
  });
  view.here = 0;
  scroll.scrollTop = 0;
  byId("found").textContent = `${grouped(view.found.length)} of ${grouped(all.length)} series`;
  draw();
}
function line(one, at) {
  const cells = COLUMNS.map(([key, , isNumber, isWide, form]) => {
    const classes = [isNumber && "number", isWide && "wide", key === "lostMonths" && one[key] > 0 && "bad", key === "missing" && one[key] > 0 && "odd"];
    return el("td", { class: classes.filter(Boolean).join(" ") || null }, form ? form(one[key]) : one[key]);
  });
  return el("tr", { class: at === view.here ? "row here" : "row", "data-at": at, "aria-rowindex": at + 2, id: at === view.here ? "here" : null }, cells);
}
function space(rows) {
  return el("tr", { class: "space", "aria-hidden": "true" }, el("td", { colspan: COLUMNS.length, style: `height:${rows * ROW}px` }));
}
function draw(everything) {
  const start = everything ? 0 : Math.max(0, Math.floor(scroll.scrollTop / ROW) - 10);
  const end = Math.min(view.found.length, everything ? MOST_PRINTED : start + Math.ceil(scroll.clientHeight / ROW) + 20);
  const rows = [];
  for (let at = start; at < end; at += 1) rows.push(line(view.found[at], at));
  body.replaceChildren(...(everything ? rows : [space(start), ...rows, space(view.found.length - end)]));
  table.setAttribute("aria-rowcount", view.found.length + 1);
}
function head() {
  const cells = COLUMNS.map(([key, name, isNumber, isWide]) => {
    const button = el("button", { type: "button" }, name);
    button.addEventListener("click", () => {
      view.down = view.sort === key ? !view.down : isNumber;
      view.sort = key;
      head();
      choose();
      table.tHead.querySelectorAll("button")[COLUMNS.findIndex((column) => column[0] === key)].focus();
    });
    const sort = view.sort === key ? (view.down ? "descending" : "ascending") : "none";
    return el("th", { scope: "col", "aria-sort": sort, class: [isNumber && "number", isWide && "wide"].filter(Boolean).join(" ") || null }, button);
  });
  table.tHead.replaceChildren(el("tr", {}, cells));
}
function move(to) {
  view.here = Math.max(0, Math.min(view.found.length - 1, to));
  const top = view.here * ROW;
  if (top < scroll.scrollTop) scroll.scrollTop = top;
  else if (top + 3 * ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + 3 * ROW - scroll.clientHeight;
  draw();
}
function open(one) {
  if (!one) return;
  const kinds = coverage(one);
  byId("detail-title").textContent = `${one.ticker} ${one.tree}`;
  const facts = [["state", one.state], ["first", day(one.first)], ["last", day(one.last)], ["age", one.age === null ? "?" : `${grouped(one.age)} days`], ["rows", grouped(one.rows)],
    ["files", grouped(one.files)], ["size", size(one.bytes)], ["price basis", one.basis]];
  const list = el("dl", {}, facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  const known = [...kinds.keys()];
  const parts = [list];
  if (known.length) {
    const [first, last] = known.reduce(([a, b], m) => [Math.min(a, m), Math.max(b, m)], [Infinity, -Infinity]);
    parts.push(calendar(one.ticker, first, last, (m) => {
      const kind = kinds.get(m);
      if (!kind || kind === "none") return null;
      return { kind, text: { have: "", provisional: "\u2026", missing: "-", lost: "\u2715" }[kind], title: kind };
    }));
  } else parts.push(el("p", {}, one.isKnown ? "It is one file, and has no months." : "Nothing is recorded of it: barkeep check --rebuild writes it down."));
  byId("detail-body").replaceChildren(...parts);
  byId("detail").showModal();
}
function plain(target, header, rows, nothing) {
  byId(target).replaceChildren(rows.length ? el("table", {}, el("thead", {}, el("tr", {}, header.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell ?? "")))))) : el("p", {}, nothing));
}

function begin() {
  byId("place").textContent = data.root;
  document.title = `barkeep ${data.root}`;
  byId("made").textContent = `Made ${data.made} by barkeep ${data.version}, of what was recorded when bars were written; no file of bars was opened.`;
  const sum = (key) => all.reduce((total, one) => total + (one[key] ?? 0), 0);
  const isBad = all.filter((one) => one.missing > 0).length, isLost = all.filter((one) => one.lostMonths > 0).length;
  byId("totals").append(...figures([[grouped(data.tickers.length), "tickers"], [grouped(all.length), "series"], [grouped(sum("rows")), "rows"], [size(sum("bytes")), `in ${grouped(sum("files"))} files`],
    [grouped(isBad), "series with missing months", isBad > 0], [grouped(isLost), "with lost months", isLost > 0],
    [grouped(data.quarantineTotal), cases(data.quarantineTotal), data.quarantineTotal > 0], data.damaged.length > 0 && [grouped(data.damaged.length), "records damaged", true]]));
  byId("legend").append(...Object.entries(KINDS).flatMap(([kind, [text, meaning]]) => [el("i", { class: kind, title: meaning }, text), `${kind === "part" ? "some have" : kind}`]));
  const of = data.groups.map(() => []);
  for (const one of all) of[data.groups.indexOf(one.group)].push(one);
  byId("groups").append(...data.groups.map((group, at) => drawGroup(group, of[at])));
  byId("group").append(el("option", { value: "" }, "all"), ...data.groups.map((group, at) => el("option", { value: at }, `${group.venue} ${group.name}`)));
  byId("state").append(...Object.keys(SHOWN).map((name) => el("option", {}, name)));
  head();
  choose();
  plain("revisions", ["at", "series", "partition", "what"], data.revisions, "No stored value was replaced lately.");
  plain("quarantine", ["case", "file", "reason"], data.quarantine, "Nothing is in quarantine.");
  if (data.quarantineTotal > data.quarantine.length) byId("quarantine").append(el("p", {}, `and ${grouped(data.quarantineTotal - data.quarantine.length)} older ones`));
  for (const [path, reason] of data.damaged) byId("quarantine").append(el("p", { class: "bad" }, `${path} cannot be understood: ${reason}`));
  byId("search").addEventListener("input", choose);
  byId("group").addEventListener("change", choose);
  byId("state").addEventListener("change", choose);
  byId("filters").addEventListener("submit", (event) => { event.preventDefault(); scroll.focus(); });
  scroll.addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  addEventListener("resize", () => draw());
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr.row");
    if (row) { move(Number(row.dataset.at)); open(view.found[view.here]); }
  });
  scroll.addEventListener("keydown", (event) => {
    if (event.target.closest("button")) return;
    const page = Math.floor(scroll.clientHeight / ROW) - 2;
    const to = { ArrowDown: view.here + 1, ArrowUp: view.here - 1, PageDown: view.here + page, PageUp: view.here - page, Home: 0, End: view.found.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); move(to); } else if (event.key === "Enter") { event.preventDefault(); open(view.found[view.here]); }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select, dialog")) { event.preventDefault(); byId("search").focus(); }
  });
  byId("close").addEventListener("click", () => byId("detail").close());
  byId("detail").addEventListener("close", () => scroll.focus());
  addEventListener("beforeprint", () => {
    draw(true);
    byId("print-note").textContent = view.found.length > MOST_PRINTED ? `The first ${grouped(MOST_PRINTED)} of ${grouped(view.found.length)} series are printed: search for the others.` : "";
  });
  addEventListener("afterprint", () => draw());
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}
begin();
