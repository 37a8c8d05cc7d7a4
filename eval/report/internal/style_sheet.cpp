#include "eval/report/internal/html.h"

namespace ume::html {
namespace {

constexpr std::string_view kColours = R"css(
:root {
  --ground: #f6f7f9; --card: #ffffff; --ink: #16202c; --soft: #55616f;
  --line: #dde2e8; --track: #e9edf2;
  --c1: #1d5fd0; --c2: #b4540a; --c3: #0f7b6c; --c4: #8b3fb5; --c5: #6b7684;
  --gen: #1d5fd0; --disc: #8793a1; --oracle: #0f7b6c; --careful: #8b3fb5;
  --right: #17713a; --wrong: #b3261e; --right-ground: #eaf6ee;
  --wrong-ground: #fbeeed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151b; --card: #19212a; --ink: #e8edf2; --soft: #a3b0bd;
    --line: #2d3843; --track: #26303a;
    --c1: #6ea8ff; --c2: #f2a15a; --c3: #4fc7b3; --c4: #cf95f0; --c5: #9aa6b2;
    --gen: #6ea8ff; --disc: #7d8a97; --oracle: #4fc7b3; --careful: #cf95f0;
    --right: #6fd394; --wrong: #ff8f86; --right-ground: #16291e;
    --wrong-ground: #2e1c1c;
  }
}
)css";

constexpr std::string_view kText = R"css(
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "Liberation Sans", sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 28px 18px 60px; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.2rem; margin: 0 0 12px; }
h3 { font-size: .95rem; margin: 14px 0 6px; }
h4 { font-size: .85rem; margin: 0 0 6px; color: var(--soft);
  font-weight: 600; }
p { margin: 0 0 10px; }
small, .small { font-size: .82rem; color: var(--soft); }
.subtitle { color: var(--soft); margin: 4px 0 18px; font-size: .92rem; }
.lead { font-size: 1.22rem; line-height: 1.45; max-width: 46em;
  margin-bottom: 18px; }
.lead em { font-style: normal; font-weight: 650; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
section, figure.bars:not(.chart) { background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px;
  margin: 0 0 18px; }
.tiles { display: grid; gap: 14px; margin: 0 0 18px;
  grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); }
.tile { background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; padding: 14px 18px; }
.tile h3 { margin: 0; color: var(--soft); font-weight: 600; }
.tile .big { font-size: 2.1rem; font-weight: 700; line-height: 1.25;
  margin: 2px 0 4px; font-variant-numeric: tabular-nums; }
.tile .from { color: var(--soft); font-weight: 500; }
.tile .small { margin: 0; }
ul.notes { margin: 0; padding-left: 1.2em; }
ul.notes li { margin: 0 0 8px; max-width: 52em; }
)css";

constexpr std::string_view kFigures = R"css(
figure { margin: 0; }
figcaption { color: var(--soft); font-size: .88rem; margin: 0 0 6px; }
.bar-row { display: grid; grid-template-columns: 4.2em 1fr 10.5em;
  gap: 10px; align-items: center; margin: 0 0 5px; }
.bar-label { font-size: .9rem; overflow: hidden; text-overflow: ellipsis; }
.bar-track { position: relative; height: 20px; background: var(--track);
  border-radius: 4px; }
.bar { position: absolute; left: 0; top: 0; bottom: 0; border-radius: 4px;
  min-width: 2px; }
.bar.gen { background: var(--gen); } .bar.disc { background: var(--disc); }
.bar.oracle { background: var(--oracle); }
.bar.careful { background: var(--careful); }
.ci { position: absolute; top: 50%; height: 2px; margin-top: -1px;
  background: var(--ink); }
.ci::before, .ci::after { content: ""; position: absolute; top: -4px;
  height: 10px; width: 2px; background: var(--ink); }
.ci::before { left: 0; } .ci::after { right: 0; }
.mark { position: absolute; top: -3px; bottom: -3px; width: 0;
  border-left: 2px dashed var(--ink); opacity: .75; }
.bar-value { font-size: .9rem; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.charts { display: grid; gap: 18px;
  grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); }
.chart figcaption { color: var(--ink); font-weight: 600; }
.chart > svg { width: 100%; height: auto; display: block; max-width: 480px; }
svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--line); stroke-width: 1; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.raw { fill: none; stroke-width: 1; opacity: .28; }
.whisker { stroke-width: 1.5; opacity: .6; }
.s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); }
.s3 { stroke: var(--c3); } .s4 { stroke: var(--c4); }
.s5 { stroke: var(--c5); }
.line.s2 { stroke-dasharray: 7 3; } .line.s3 { stroke-dasharray: 2 3; }
.line.s4 { stroke-dasharray: 9 3 2 3; } .line.s5 { stroke-dasharray: 4 4; }
.dot { stroke: var(--card); stroke-width: 1; }
.dot.s1 { fill: var(--c1); } .dot.s2 { fill: var(--c2); }
.dot.s3 { fill: var(--c3); } .dot.s4 { fill: var(--c4); }
.dot.s5 { fill: var(--c5); }
ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px;
  margin: 0 0 4px; padding: 0; font-size: .82rem; }
.swatch { width: 22px; height: 8px; margin-right: 5px; }
)css";

constexpr std::string_view kTables = R"css(
.scroll { overflow-x: auto; margin: 0 0 10px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .88rem;
  padding-bottom: 8px; }
th, td { text-align: right; padding: 5px 8px; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 600; font-size: .82rem; }
tbody th { font-weight: 500; }
tr.task th { text-align: left; font-weight: 650; padding-top: 16px;
  white-space: normal; }
tr.task small { font-weight: 400; }
tr.mean th, tr.mean td { font-weight: 650; }
tr.spread th, tr.spread td { color: var(--soft); font-size: .82rem; }
tr.control th, tr.control td { border-top: 2px solid var(--line); }
tr.total th, tr.total td { font-weight: 650; border-bottom: 0; }
.tag { font-size: .72rem; font-weight: 600; color: var(--gen);
  border: 1px solid var(--gen); border-radius: 999px; padding: 1px 8px;
  margin: 0 4px; white-space: nowrap; }
td.forest { position: relative; min-width: 220px; width: 40%; height: 30px; }
.forest-head { display: flex; justify-content: space-between; border: 0; }
.forest .zero { position: absolute; left: 50%; top: 0; bottom: 0;
  border-left: 1px solid var(--soft); }
.forest .point { position: absolute; top: 50%; width: 12px; height: 12px;
  margin: -6px 0 0 -6px; border-radius: 50%; }
.point.gen { background: var(--gen); }
.point.disc { background: var(--card); border: 3px solid var(--disc); }
)css";

constexpr std::string_view kExamples = R"css(
.examples { display: grid; gap: 14px; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); }
.example { border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 14px; }
.query { display: flex; gap: 12px; align-items: flex-start;
  margin-bottom: 10px; }
.query img { width: 84px; height: 84px; object-fit: contain; flex: none;
  background: var(--track); border-radius: 8px; }
.query p { margin: 0 0 2px; overflow-wrap: anywhere; }
.question { font-weight: 600; white-space: pre-wrap; }
.answers { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; }
.answer { border-radius: 8px; padding: 8px 10px; min-width: 0;
  border-left: 4px solid; }
.answer.right { border-color: var(--right); background: var(--right-ground); }
.answer.wrong { border-color: var(--wrong); background: var(--wrong-ground); }
.said { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 4px;
  font-size: .9rem; unicode-bidi: isolate; display: grid; gap: 6px;
  grid-template-columns: 4.6em 1fr; align-items: baseline; }
.role { color: var(--soft); font-size: .76rem; }
.verdict { margin: 0; font-size: .9rem; font-weight: 600;
  overflow-wrap: anywhere; }
.right .verdict > span:first-child { color: var(--right); }
.wrong .verdict > span:first-child { color: var(--wrong); }
.reward { font-weight: 400; color: var(--soft); white-space: nowrap; }
@media (max-width: 560px) {
  .bar-row { grid-template-columns: 3.6em 1fr 4.4em; }
  .bar-value small, td.forest, th.forest-head, .seeds .extra,
  .seeds td:nth-child(2) small, .seeds td:nth-child(3) small {
    display: none; }
  .seeds th, .seeds td { padding: 5px 3px; font-size: .8rem; }
  .seeds th:first-child { white-space: normal; min-width: 5.5em; }
  .seeds caption { white-space: normal; }
  .answers { grid-template-columns: 1fr; }
  .lead { font-size: 1.08rem; }
  section, figure.bars:not(.chart) { padding: 14px 13px; }
}
@media print { body { background: #fff; } .example { break-inside: avoid; } }
)css";

}  // namespace

std::string_view style_sheet() {
  static const std::string all = std::string(kColours) + std::string(kText) +
                                 std::string(kFigures) + std::string(kTables) +
                                 std::string(kExamples);
  return all;
}

}  // namespace ume::html
