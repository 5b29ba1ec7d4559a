"""RESULTS.md and results.svg from what the parts measured: python bench/results.py FOLDER [--build build] [--out bench]

FOLDER has a .json a part, as bench/parts.py writes them; parts that were not measured are named as such.
"""

import argparse
import datetime
import html
import importlib.metadata
import json
import os
import platform
import subprocess

ORDER = ["encoder", "encoder-base", "features", "train", "compare", "tokenizer", "linear", "start", "cores", "rows"]
TITLES = {
    "encoder": "The encoder, MiniLM's size, and the processor's matrix rate",
    "encoder-base": "The encoder, base size, and the processor's matrix rate",
    "features": "[CLS] features and one text",
    "train": "The training step",
    "compare": "The whole comparison",
    "tokenizer": "The tokenizer",
    "linear": "The linear side",
    "start": "A new process",
    "cores": "More cores",
    "rows": "More rows",
}
PACKAGES = ["torch", "transformers", "tokenizers", "onnxruntime", "openvino", "scikit-learn", "scipy", "numpy", "accelerate"]


def reached(m):
    """measured over goal, 1 and more is reached; None without a goal"""
    if m["goal"] is None:
        return None
    if "ratio" in m:
        return m["ratio"] / m["goal"]
    return m["value"] / m["goal"] if m.get("least", True) else m["goal"] / m["value"]


def measured(m):
    return f"{m['ratio']:.2f} ×" if "ratio" in m else f"{m['value']:.3g}"


def goal(m):
    if m["goal"] is None:
        return ""
    return f"{m['goal']} ×" if "ratio" in m else ("" if m.get("least", True) else "under ") + str(m["goal"])


def table(part):
    lines = ["| what | against | ours | theirs | measured | goal | |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for m in part["measures"]:
        verdict = "" if reached(m) is None else "reached" if reached(m) >= 1 else "**not reached**"
        cells = (m["what"], m["against"], m["ours"], m["theirs"], measured(m) if "ratio" in m or m["goal"] else "", goal(m), verdict)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    notes = [f"- {m['what']}: {m['note']}" for m in part["measures"] if m["note"]]
    return "\n".join(lines + [""] + notes + [""] * bool(notes))


def machine():
    cpu = open("/proc/cpuinfo", encoding="utf-8").read()
    model = next(line.split(":")[1].strip() for line in cpu.splitlines() if line.startswith("model name"))
    flags = next(line for line in cpu.splitlines() if line.startswith("flags")).split()
    memory = int(open("/proc/meminfo", encoding="utf-8").readline().split()[1]) / 2**20
    has = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if name in flags]
    return f"{len(os.sched_getaffinity(0))} cores of {model} ({', '.join(has)}), {memory:.0f} GB, Linux {platform.release().split('-')[0]}"


def versions(build):
    ours = subprocess.run([f"{build}/twofold", "--version"], capture_output=True, text=True).stdout.strip()
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            pass
    return f"{ours} · Python {platform.python_version()} · " + ", ".join(found)


def plot(measures):
    """A bar a goal: measured over goal, the line at 1."""
    top, row, left, width = 30, 20, 420, 460
    most = 4.0
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {top + row * len(measures) + 10}" font-family="sans-serif" font-size="12">',
           "<style>text{fill:#222}.n{text-anchor:end}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>"]
    x = lambda value: left + width * min(value, most) / most
    for tick in range(5):
        out.append(f'<path d="M{x(tick):.0f} {top - 6}V{top + row * len(measures)}" stroke="{"#888" if tick == 1 else "#8884"}" stroke-width="{2 if tick == 1 else 1}"/>')
        out.append(f'<text x="{x(tick):.0f}" y="{top - 12}" text-anchor="middle">{"goal" if tick == 1 else f"{tick} × goal"}</text>')
    for i, m in enumerate(measures):
        y, share = top + row * i, reached(m)
        out.append(f'<text class="n" x="{left - 8}" y="{y + 13}">{html.escape(m["what"])}</text>')
        out.append(f'<rect x="{left}" y="{y + 3}" width="{x(share) - left:.1f}" height="{row - 6}" fill="{"#2a7f62" if share >= 1 else "#c2553a"}"/>')
        out.append(f'<text x="{x(share) + 6:.1f}" y="{y + 13}">{html.escape(measured(m))}</text>')
    return "\n".join(out + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", default="bench")
    parser.add_argument("--note", default="", help="a sentence about the machine, for RESULTS.md")
    args = parser.parse_args()
    parts = {name: json.load(open(f"{args.folder}/{name}.json", encoding="utf-8")) for name in ORDER if os.path.exists(f"{args.folder}/{name}.json")}
    goals = [m for part in parts.values() for m in part["measures"] if m["goal"] is not None]
    missed = [m for m in goals if reached(m) < 1]
    with open(f"{args.out}/results.svg", "w", encoding="utf-8") as file:
        file.write(plot(goals))
    text = [
        "# Results of the bench",
        "",
        f"Made by `bench/run.sh` on {datetime.date.today()}; docs/SPEED.md says what the figures mean and what bounds them.",
        "",
        f"- **Machine**: {machine()}",
        f"- **Versions**: {versions(args.build)}",
        "- **How**: both sides in turn in one run, the same threads, a warm-up, text in and matrix out, every cache off; ratios round by round, their median." +
        (f" {args.note}" if args.note else ""),
        f"- **Goals**: {len(goals) - len(missed)} of {len(goals)} reached." + (" Not reached: " + "; ".join(m["what"] for m in missed) + "." if missed else ""),
        "",
        "![Measured over goal, a bar a goal](results.svg)",
        "",
    ]
    for name in ORDER:
        text += [f"## {TITLES[name]}", ""]
        text += [f"Measured on {parts[name]['date']}.", "", table(parts[name])] if name in parts else ["Not measured.", ""]
    with open(f"{args.out}/RESULTS.md", "w", encoding="utf-8") as file:
        file.write("\n".join(text).rstrip() + "\n")


if __name__ == "__main__":
    main()
