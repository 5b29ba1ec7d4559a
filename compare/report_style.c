/* How the report looks: calm, dark and light, on a phone and on paper. */
#include "compare/figure.h"
#include "compare/report_page.h"

static const char COLOURS[] =
    ":root{color-scheme:light "
    "dark;--paper:#fff;--ground:#f5f6f8;--text:#1b1f24;--muted:#5c636b;--line:#dfe2e6;--accent:#005a8f;--soft:#e6f0f7;"
    "--bar:#d3e6f3;--warn:#8a4b00;--warn-soft:#fdf1e0}\n"
    "@media "
    "(prefers-color-scheme:dark){:root{--paper:#14171b;--ground:#0d0f12;--text:#e8eaed;--muted:#a3aab3;--line:#343a42;--accent:#"
    "7cc4f0;"
    "--soft:#16293a;--bar:#1d4058;--warn:#f0b46a;--warn-soft:#33260f}}\n";

static const char TEXT[] =
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%;background:var(--ground)}\n"
    "body{margin:0;color:var(--text);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu "
    "Sans',sans-serif;"
    "font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n"
    "main{max-width:66rem;margin:0 auto;padding:1.5rem clamp(1rem,4vw,3rem) 4rem;background:var(--paper)}\n"
    "h1{font-size:clamp(1.7rem,4.5vw,2.4rem);line-height:1.15;margin:.2rem 0 1rem;letter-spacing:-.015em}\n"
    "h2{font-size:1.35rem;line-height:1.3;margin:3.2rem 0 .6rem;padding-top:1.4rem;border-top:1px solid "
    "var(--line);letter-spacing:-.01em}\n"
    "h3{font-size:1.02rem;margin:1.8rem 0 .4rem}\n"
    "p{max-width:46rem;margin:.5rem 0 .9rem;text-wrap:pretty}\n"
    ".kicker,.note,caption,figcaption,dt{color:var(--muted);font-size:.875rem}\n"
    ".kicker{margin:0}\n"
    ".verdict{font-size:1.1rem}\n"
    ".which{margin:1rem 0 .2rem}\n"
    ".answer{border-left:4px solid var(--accent);background:var(--soft);padding:.7rem 1rem;margin:1rem 0}\n"
    ".warning{border-left:4px solid var(--warn);background:var(--warn-soft);padding:.6rem 1rem;margin:.8rem 0}\n"
    "a{color:var(--accent)}\n"
    "a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--accent);outline-offset:2px}\n"
    "code,pre{font:.875em/1.5 ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace}\n"
    "pre{white-space:pre-wrap;background:var(--ground);padding:.8rem 1rem;border-radius:6px}\n"
    "nav ol{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:1.6rem 0 0;padding:0;font-size:.9rem}\n";

static const char TABLES[] =
    ".scroll{overflow-x:auto;margin:1rem 0}\n"
    "table{border-collapse:collapse;width:100%;font-size:.925rem;line-height:1.4}\n"
    "table.narrow{width:auto;min-width:min(100%,34rem)}\n"
    "table.dense{font-size:.85rem}\n"
    ".dense th,.dense td{padding:.42rem .35rem}\n"
    ".dense td small{font-size:.75rem}\n"
    "caption a,.files{font-size:.8125rem;white-space:nowrap}\n"
    "caption{text-align:left;padding:0 0 .5rem;max-width:46rem;caption-side:top}\n"
    "th,td{padding:.42rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid "
    "var(--line);font-weight:400;overflow-wrap:break-word}\n"
    "th:first-child,td:first-child{padding-left:.2rem}\n"
    "thead th{color:var(--muted);font-size:.82rem;vertical-align:bottom;border-bottom:1px solid var(--muted)}\n"
    ".n{text-align:right;white-space:nowrap}\n"
    "td small,th small{color:var(--muted);font-size:.82rem;white-space:nowrap}\n"
    "tr.chosen th,tr.chosen td{background:var(--soft)}\n"
    "tr.chosen th b::after{content:\" ●\";color:var(--accent)}\n"
    "td.bar{background:linear-gradient(90deg,var(--bar) var(--v),transparent 0) no-repeat left center/calc(100% - "
    "4px) 76%}\n"
    "td.best{font-weight:700}\n"
    "td.text{min-width:16rem;overflow-wrap:anywhere}\n"
    "td.failed{color:var(--warn)}\n";

static const char PARTS[] =
    "details{margin:.8rem 0;border:1px solid var(--line);border-radius:6px;padding:0 1rem}\n"
    "summary{cursor:pointer;padding:.6rem 0;font-weight:600}\n"
    "summary span{color:var(--muted);font-weight:400}\n"
    "figure{margin:1.4rem 0}\n"
    "figcaption{max-width:46rem;margin-top:.4rem}\n"
    "figure svg{display:block;max-width:100%;height:auto;overflow:visible}\n"
    ".phone{display:none}\n"
    ".side{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem 2rem}\n"
    ".side figure{margin:.6rem 0;min-width:0}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.4rem;margin:1rem 0;font-size:.95rem}\n"
    "dd{margin:0;min-width:0}\n"
    "footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:1rem}\n";

/* Below 620 px the rows of a table of class `cards` become blocks, each cell with its column's name before it. */
static const char PHONE[] =
    "@media (max-width:620px){\n"
    "body{font-size:15px}\n"
    ".phone{display:block}\n"
    "figure.has-phone .wide{display:none}\n"
    "table.cards,.cards tbody,.cards tr,.cards caption{display:block}\n"
    ".cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}\n"
    ".cards tr{display:grid;grid-template-columns:1fr 1fr;gap:.1rem 1rem;padding:.7rem .2rem;border-bottom:1px solid "
    "var(--line)}\n"
    ".cards tr.chosen{background:var(--soft);padding:.7rem .6rem}\n"
    ".cards th,.cards td,.cards tr.chosen th,.cards tr.chosen td{border:0;padding:.1rem "
    "0;text-align:left;white-space:normal;background:none;"
    "overflow-wrap:anywhere}\n"
    ".cards th,.cards td.text,.cards td.wide,.cards td.failed{grid-column:1/-1}\n"
    ".cards td[data-label]::before{content:attr(data-label);display:block;color:var(--muted);font-size:.78rem}\n"
    ".entries tr{grid-template-columns:1fr 1.4fr .8fr}\n"
    "table.classes th,table.classes td{padding:.42rem .4rem}\n"
    ".classes tr>th:first-child{position:sticky;left:0;background:var(--paper);max-width:9rem}\n"
    "caption{position:sticky;left:0;max-width:calc(100vw - 4rem)}\n"
    "table.classes{border-collapse:separate;border-spacing:0}\n"
    "td.text{min-width:0}\n"
    "dl{grid-template-columns:1fr;gap:0}\n"
    "dd{margin-bottom:.7rem}\n"
    "}\n";

static const char PAPER[] =
    "@media print{\n"
    ":root{color-scheme:light;--paper:#fff;--ground:#fff;--text:#000;--muted:#444;--line:#bbb;--accent:#004a75;--soft:#eef4f8;--"
    "bar:#dbe8f1;--warn:#6b3a00;"
    "--warn-soft:#fff}\n"
    "@page{margin:16mm 14mm}\n"
    "body{font-size:10pt}\n"
    "main{max-width:none;padding:0}\n"
    "nav{display:none}\n"
    "h2,h3,summary,caption,thead,.which{break-after:avoid}\n"
    "tbody tr:first-child{break-before:avoid}\n"
    ".scroll:not(:has(tbody tr:nth-child(13))),.side>div,caption{break-inside:avoid}\n" /* a dozen rows stay together */
    "figure,tr,.answer,.warning{break-inside:avoid}\n"
    "details::details-content{content-visibility:visible;block-size:auto}\n" /* paper cannot be unfolded */
    ".scroll{overflow:visible}\n"
    ".files{display:none}\n"
    "table,td small,th small,thead th{font-size:8pt}\n"
    "th,td{padding:.22rem .35rem}\n"
    "td.bar,tr.chosen th,tr.chosen td,.answer{-webkit-print-color-adjust:exact;print-color-adjust:exact}\n"
    "}\n";

static void add_bars(Buffer *out) {
    for (int percent = 0; percent <= 100; percent++) buffer_printf(out, ".v%d{--v:%d%%}", percent, percent);
    buffer_text(out, "\n");
}

void page_add_style(Buffer *out) {
    buffer_text(out, COLOURS);
    buffer_text(out, TEXT);
    buffer_text(out, TABLES);
    add_bars(out);
    buffer_text(out, PARTS);
    figure_style(out);
    buffer_text(out, PHONE);
    buffer_text(out, PAPER);
}
