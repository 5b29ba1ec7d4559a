/* report.md: the short report, to paste into a pull request. Measured figures stand in <span class="measured">. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "compare/curve.h"
#include "compare/facts.h"
#include "compare/markdown.h"
#include "compare/report.h"
#include "compare/report_markdown.h"
#include "compare/seeds.h"
#include "compare/report_maps.h"
#include "compare/report_runs.h"
#include "compare/shown_text.h"
#include "compare/tuning.h"

enum { NAME_SHOWN = MARKDOWN_NAME, SENTENCE_SHOWN = 4000, TEXT_SHOWN = 160, ERRORS_SHOWN = 5, CLASSES_SHOWN = 30, ENTRIES_SHOWN = 8, PAIRS_SHOWN = 21 };

/* Of several runs: of which what stands above is, or where it stands. */
static void add_whose(Buffer *out, const Comparison *c, RunPart part) {
    Buffer sentence = {0};
    runs_say_whose(&sentence, c, part);
    if (sentence.size) {
        markdown_text(out, sentence.data, SENTENCE_SHOWN);
        buffer_text(out, "\n\n");
    }
    out->failed |= sentence.failed;
    buffer_free(&sentence);
}

static void add_machines(Buffer *out, const Comparison *c) {
    Buffer sentence = {0};
    runs_say_machines(&sentence, c->runs, c->run_count);
    if (sentence.size) {
        buffer_text(out, "> <span class=\"measured\">");
        markdown_text(out, sentence.data, SENTENCE_SHOWN);
        buffer_text(out, "</span>\n\n");
    }
    out->failed |= sentence.failed;
    buffer_free(&sentence);
}

static void add_entry(Buffer *out, const Comparison *c, int i) {
    const EntryResult *entry = &c->entries[i];
    const char *strong = i == c->recommendation.deploy ? "**" : "";
    buffer_printf(out, "| %s", strong);
    markdown_text(out, entry->name, NAME_SHOWN);
    buffer_printf(out, "%s |", strong);
    if (entry->status == ENTRY_FAILED) {
        buffer_text(out, " failed | | | | | |\n");
        return;
    }
    Interval interval = entry_accuracy_interval(entry, SPLIT_TEST);
    char train[32] = "–";
    if (!isnan(entry->costs.train_s)) duration_text(train, entry->costs.train_s);
    markdown_score_cell(out, entry->scores[SPLIT_VALIDATION].accuracy);
    buffer_printf(out, " %s%.4f%s [%.3f, %.3f] |", strong, entry->scores[SPLIT_TEST].accuracy, strong, interval.low,
                  interval.high);
    markdown_score_cell(out, entry->scores[SPLIT_TEST].f1_macro);
    markdown_measured_cell(out, train);
    markdown_measured_number_cell(out, entry->costs.predict_ms_p50, entry->costs.predict_ms_p50 < 1 ? 3 : 1);
    markdown_measured_number_cell(out, entry->costs.model_mb, entry->costs.model_mb < 10 ? 1 : 0);
    buffer_text(out, "\n");
}

static void add_entries(Buffer *out, const Comparison *c) {
    buffer_text(out, "| entry | validation accuracy | test accuracy [95 % interval] | test macro F1 | training time | ms a text "
                     "(median) | model, MB |\n"
                     "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (int i = 0; i < c->entry_count; i++) add_entry(out, c, i);
    buffer_text(out, "\n");
    add_machines(out, c);
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        const char *sentence = entry->status == ENTRY_FAILED ? entry->failure.message : entry->warning;
        if (!*sentence) continue;
        buffer_text(out, "> ");
        markdown_text(out, entry->name, NAME_SHOWN);
        buffer_text(out, entry->status == ENTRY_FAILED ? " failed: " : ": ");
        markdown_text(out, sentence, SENTENCE_SHOWN);
        buffer_text(out, "\n\n");
    }
}

static void add_verdict(Buffer *out, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    buffer_text(out, "# ");
    if (r->deploy >= 0) {
        buffer_text(out, "Deploy ");
        markdown_text(out, c->entries[r->deploy].name, NAME_SHOWN);
    } else
        buffer_text(out, r->verdict == VERDICT_UNDECIDED ? "Undecided" : "No entry to deploy");
    buffer_text(out, "\n\n");
    if (r->question.size) {
        buffer_text(out, "**");
        markdown_text(out, r->question.data, SENTENCE_SHOWN);
        buffer_text(out, "**\n\n");
    }
    if (r->sentence.size) markdown_text(out, r->sentence.data, SENTENCE_SHOWN);
    buffer_text(out, "\n\n");
}

static void add_pair(Buffer *out, const Comparison *c) {
    int a, b;
    bool swapped;
    const PairResult *pair = facts_main_pair(c, &a, &b) ? comparison_pair(c, a, b, &swapped) : NULL;
    if (!pair) return;
    char p[32], counts[4][32];
    count_text(counts[0], pair->counts.both);
    count_text(counts[1], swapped ? pair->counts.only_b : pair->counts.only_a);
    count_text(counts[2], swapped ? pair->counts.only_a : pair->counts.only_b);
    count_text(counts[3], pair->counts.neither);
    p_value_text(p, pair->mcnemar.log10_p);
    buffer_text(out, "## Where they differ\n\n| test texts | ");
    markdown_text(out, c->entries[b].name, NAME_SHOWN);
    buffer_text(out, " right | wrong |\n| --- | ---: | ---: |\n| ");
    markdown_text(out, c->entries[a].name, NAME_SHOWN);
    buffer_printf(out, " right | %s | %s |\n| wrong | %s | %s |\n\nExact McNemar test: %s.\n\n", counts[0], counts[1], counts[2],
                  counts[3], p);
}

static void add_difference(Buffer *out, const PairDifference *d, double scale, int digits) {
    if (isnan(d->value))
        buffer_text(out, " – |");
    else
        buffer_printf(out, " %+.*f [%+.*f, %+.*f] |", digits, scale * d->value, digits, scale * d->interval.low, digits,
                      scale * d->interval.high);
}

static void add_statistics(Buffer *out, const Comparison *c) {
    if (!c->resamples || !c->pair_count) return;
    buffer_text(out, "<details><summary>How sure: every pair of entries</summary>\n\n| first → second | accuracy, points | macro F1, "
                     "points | log loss | McNemar | after Holm |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (int i = 0; i < c->pair_count && i < PAIRS_SHOWN; i++) {
        const PairResult *pair = &c->pairs[i];
        char p[32], holm[32];
        p_value_text(p, pair->mcnemar.log10_p);
        p_value_text(holm, pair->log10_holm);
        buffer_text(out, "| ");
        markdown_text(out, c->entries[pair->a].name, NAME_SHOWN);
        buffer_text(out, " → ");
        markdown_text(out, c->entries[pair->b].name, NAME_SHOWN);
        buffer_text(out, " |");
        add_difference(out, &pair->differences[PAIR_ACCURACY], 100, 1);
        add_difference(out, &pair->differences[PAIR_F1_MACRO], 100, 1);
        add_difference(out, &pair->differences[PAIR_LOG_LOSS], 1, 3);
        buffer_text(out, " ");
        markdown_text(out, p, sizeof p);
        buffer_text(out, " | ");
        markdown_text(out, holm, sizeof holm);
        buffer_text(out, " |\n");
    }
    buffer_text(out, "\nThe second less the first, on the test texts, with 95 % intervals (paired bootstrap).");
    if (c->pair_count > PAIRS_SHOWN) buffer_printf(out, " The first %d of %d pairs.", PAIRS_SHOWN, c->pair_count);
    buffer_text(out, "\n\n</details>\n\n");
}

static void add_seeds(Buffer *out, const Comparison *c) {
    for (int i = 0; i < c->entry_count; i++) {
        const SeedRuns *seeds = &c->entries[i].seeds;
        if (!seeds->count) continue;
        double deviation, mean = seeds_mean(seeds, SPLIT_TEST, 0, &deviation);
        markdown_text(out, c->entries[i].name, NAME_SHOWN);
        buffer_printf(out, " over %d seeds: test accuracy %.4f ± %.4f", seeds->count, mean, deviation);
        for (int r = 0; r < seeds->count; r++)
            buffer_printf(out, "%s%.4f", r ? ", " : " (", seeds->runs[r].scores[SPLIT_TEST][0]);
        buffer_text(out, ").\n\n");
    }
}

static void add_classes(Buffer *out, const Comparison *c) {
    int list[ENTRIES_SHOWN], count = 0, done = 0, without_rows = 0;
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE && ++done <= ENTRIES_SHOWN) list[count++] = i;
    if (!count) return;
    buffer_text(out, "<details><summary>F1 of each class (test)</summary>\n\n| class | texts |");
    for (int i = 0; i < count; i++) {
        buffer_text(out, " ");
        markdown_text(out, c->entries[list[i]].name, NAME_SHOWN);
        buffer_text(out, " |");
    }
    buffer_text(out, "\n| --- | ---: |");
    for (int i = 0; i < count; i++) buffer_text(out, " ---: |");
    buffer_text(out, "\n");
    for (int k = 0; k < c->dataset->classes && k < CLASSES_SHOWN; k++) {
        buffer_text(out, "| ");
        markdown_text(out, c->dataset->class_names[k], NAME_SHOWN);
        buffer_printf(out, " | %lld |", (long long)c->entries[list[0]].scores[SPLIT_TEST].per_class[k].support);
        for (int i = 0; i < count; i++) markdown_score_cell(out, c->entries[list[i]].scores[SPLIT_TEST].per_class[k].f1);
        buffer_text(out, "\n");
    }
    if (c->dataset->classes > CLASSES_SHOWN)
        buffer_printf(out, "\nThe first %d of %d classes.\n", CLASSES_SHOWN, c->dataset->classes);
    if (done > count) buffer_printf(out, "\nThe first %d of %d entries; tables/class_scores.csv has all.\n", count, done);
    for (int k = 0; k < c->dataset->classes; k++) without_rows += !c->entries[list[0]].scores[SPLIT_TEST].per_class[k].support;
    if (without_rows)
        buffer_printf(out, "\n%d class%s no test text: no recall and no AUC, which their means leave out.\n", without_rows,
                      without_rows == 1 ? " has" : "es have");
    buffer_text(out, "\n</details>\n\n");
}

static void add_maps(Buffer *out, const Comparison *c) {
    if (maps_has(&c->maps)) {
        buffer_text(out, "Vectors: ");
        maps_say(out, &c->maps);
        buffer_text(out, ".\n\n");
    }
    add_whose(out, c, RUN_MAPS);
}

static void add_errors(Buffer *out, const Comparison *c) {
    if (c->recommendation.deploy < 0) return;
    const EntryResult *entry = &c->entries[c->recommendation.deploy];
    const Predictions *p = &entry->predictions[SPLIT_TEST];
    FactMistake list[ERRORS_SHOWN];
    int count = facts_mistakes(list, ERRORS_SHOWN, p, NULL);
    if (!count) return;
    buffer_text(out, "<details><summary>Worst errors of the recommended entry</summary>\n\n");
    FactConfusion top;
    if (facts_confusions(&top, 1, &entry->scores[SPLIT_TEST].confusion)) {
        buffer_text(out, "It most often takes ");
        markdown_text(out, c->dataset->class_names[top.truth], NAME_SHOWN);
        buffer_text(out, " for ");
        markdown_text(out, c->dataset->class_names[top.predicted], NAME_SHOWN);
        buffer_printf(out, ": %lld test texts. Highest losses:\n\n", (long long)top.count);
    }
    for (int m = 0; m < count; m++) {
        size_t size;
        const char *text = dataset_text(c->dataset, c->dataset->splits[SPLIT_TEST].rows[list[m].i], &size);
        buffer_text(out, "- ");
        markdown_code(out, text, size, TEXT_SHOWN);
        buffer_text(out, " is ");
        markdown_text(out, c->dataset->class_names[p->truth[list[m].i]], NAME_SHOWN);
        buffer_text(out, ", answered ");
        markdown_text(out, c->dataset->class_names[p->predicted[list[m].i]], NAME_SHOWN);
        if (!isnan(list[m].loss)) buffer_printf(out, " (loss %.2f)", list[m].loss);
        buffer_text(out, "\n");
    }
    buffer_text(out, "\n</details>\n\n");
}

static void add_curve(Buffer *out, const Comparison *c) {
    if (!c->curve) {
        add_whose(out, c, RUN_CURVE);
        return;
    }
    Buffer sentence = {0};
    buffer_text(out, "Learning curve (figures/learning_curve.svg):\n\n");
    bool too_few = curve_say_too_few(&sentence, c->curve);
    for (int i = 0; i < c->curve->count && !too_few; i++) {
        sentence.size = 0;
        curve_say_entry(&sentence, c->curve, i, c);
        buffer_text(out, "- ");
        markdown_text(out, sentence.data ? sentence.data : "", SENTENCE_SHOWN);
        buffer_text(out, "\n");
    }
    if (!too_few) {
        buffer_text(out, "\n");
        sentence.size = 0;
        curve_say_crossing(&sentence, c->curve, c);
    }
    if (sentence.size) {
        markdown_text(out, sentence.data, SENTENCE_SHOWN);
        buffer_text(out, "\n\n");
    }
    out->failed |= sentence.failed;
    buffer_free(&sentence);
    add_whose(out, c, RUN_CURVE);
}

/* What each of several runs did, where one of them chose its settings. */
static void add_settings_of_runs(Buffer *out, const Comparison *c) {
    Buffer sentence = {0};
    for (int i = 0; i < c->run_count; i++) {
        sentence.size = 0;
        buffer_printf(&sentence, "%s: ", c->runs[i].folder);
        runs_say_settings(&sentence, c, i);
        buffer_text(out, "- ");
        markdown_text(out, sentence.data ? sentence.data : "", SENTENCE_SHOWN);
        buffer_text(out, "\n");
    }
    buffer_text(out, "\n");
    out->failed |= sentence.failed;
    buffer_free(&sentence);
}

static void add_tuning(Buffer *out, const Comparison *c) {
    bool of_runs = runs_count(c, RUN_TUNING) > 0;
    if (of_runs) add_settings_of_runs(out, c);
    if (!c->tuning) {
        if (!of_runs) buffer_text(out, "The settings are defaults, or were given; `--tune quick` chooses them on the validation rows.\n\n");
        return;
    }
    if (of_runs) add_whose(out, c, RUN_TUNING);
    buffer_printf(out, "Settings chosen on %d validation texts, in %d trials (tune.json):\n\n", c->tuning->validation_rows, c->tuning->count);
    for (int entry = 0; entry < c->tuning->count; entry++) {
        const TuningTrial *trial = tuning_chosen(c->tuning, entry);
        if (!trial) continue;
        Buffer settings = {0};
        tuning_describe(&settings, trial);
        buffer_text(out, "- ");
        markdown_text(out, trial->name, NAME_SHOWN);
        buffer_printf(out, ": %s (validation accuracy %.4f)\n", settings.data ? settings.data : "", trial->accuracy);
        out->failed |= settings.failed;
        buffer_free(&settings);
    }
    buffer_text(out, "\n");
}

bool report_write_markdown(const Comparison *c, const char *path, Error *err) {
    Buffer out = {0};
    add_verdict(&out, c);
    markdown_add_rows(&out, c);
    add_entries(&out, c);
    add_pair(&out, c);
    add_seeds(&out, c);
    add_statistics(&out, c);
    add_classes(&out, c);
    add_errors(&out, c);
    markdown_add_confidence(&out, c);
    markdown_add_cascades(&out, c);
    markdown_add_costs(&out, c);
    add_curve(&out, c);
    add_tuning(&out, c);
    add_maps(&out, c);
    markdown_add_runs(&out, c);
    buffer_text(&out, "Repeat with\n\n    ");
    Buffer command = {0};
    shown_text(&command, c->command ? c->command : "", c->command ? strlen(c->command) : 0, SENTENCE_SHOWN);
    buffer_add(&out, command.data ? command.data : "", command.size);
    out.failed |= command.failed;
    buffer_free(&command);
    buffer_text(&out, "\n\ntwofold " TWOFOLD_VERSION);
    if (!comparison_is_joint(c)) buffer_printf(&out, ", %s, seed %llu", c->dtype ? c->dtype : "–", (unsigned long long)c->seed);
    buffer_text(&out, ".\n");
    bool written = file_write_buffer(path, &out, err);
    buffer_free(&out);
    return written;
}
