#include "cli/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/utf8.h"
#include "compare/environment.h"
#include "datasets/statistics.h"

static void add_shares(Buffer *line, const Dataset *dataset, const int64_t *counts) {
    int64_t total = 0;
    int most = 0, least = 0;
    for (int k = 0; k < dataset->classes; k++) {
        total += counts[k];
        if (counts[k] > counts[most]) most = k;
        if (counts[k] <= counts[least]) least = k;
    }
    if (total == 0 || dataset->classes < 2) return;
    char largest[32], smallest[32];
    share_text(largest, counts[most], total);
    share_text(smallest, counts[least], total);
    buffer_printf(line, " (%s %s … %s %s)", dataset->class_names[most], largest, dataset->class_names[least], smallest);
}

/* What the user called it: the folder or file, or the first of the files. */
static const char *data_name(const DataOptions *options) {
    if (options->data) return options->data;
    return options->train_file ? options->train_file : options->test_file ? options->test_file : options->validation_file;
}

bool describe_data(Run *run, const Dataset *dataset, Error *err) {
    int64_t *counts = mem_new((size_t)dataset->classes + 1, sizeof *counts, err);
    if (!counts) return false;
    Buffer line = {0};
    char count[32];
    buffer_printf(&line, "data      %s  ", data_name(&run->settings.data));
    int splits = 0;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        if (!dataset->splits[split].count) continue;
        count_text(count, dataset->splits[split].count);
        buffer_printf(&line, "%s%s %s", splits++ ? " · " : "", count, dataset->whole ? "rows" : split_name(split));
    }
    buffer_printf(&line, " · %d classes", dataset->classes);
    dataset_count_classes(dataset, dataset->whole ? SPLIT_TEST : SPLIT_TRAIN, counts);
    add_shares(&line, dataset, counts);
    buffer_printf(&line, "   %s", dataset->detected ? dataset->detected : "");
    bool ok = buffer_ok(&line, err);
    if (ok) terminal_say(&run->terminal, "%s", line.data);
    buffer_free(&line);
    mem_free(counts);
    return ok;
}

/* Of the rows that are used: those of a split. */
typedef struct Lengths {
    int32_t *full; /* (count), before truncation */
    int count;
    int truncated[SPLIT_COUNT];
} Lengths;

static bool lengths_collect(Lengths *lengths, const Dataset *dataset, const Tokens *tokens, Error *err) {
    *lengths = (Lengths){.full = mem_new((size_t)tokens->rows, sizeof *lengths->full, err)};
    if (!lengths->full) return false;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        for (int i = 0; i < dataset->splits[split].count; i++) {
            int row = dataset->splits[split].rows[i];
            lengths->full[lengths->count++] = tokens->full[row];
            lengths->truncated[split] += tokens->full[row] > tokens_length(tokens, row);
        }
    return true;
}

/* "4 truncated at 512: 3 of train, 1 of test" */
static void add_truncated(Buffer *line, const Dataset *dataset, const Lengths *lengths, int max_length) {
    int64_t all = 0;
    int said = 0;
    char count[32];
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) all += lengths->truncated[split];
    count_text(count, all);
    buffer_printf(line, "%s truncated at %d", all ? count : "none", max_length);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        if (!lengths->truncated[split]) continue;
        count_text(count, lengths->truncated[split]);
        buffer_printf(line, "%s%s of %s", said++ ? ", " : ": ", count, dataset->whole ? "these rows" : split_name(split));
    }
}

bool describe_tokens(Run *run, const Dataset *dataset, const Tokens *tokens, int max_length, Error *err) {
    Summary summary;
    Lengths lengths;
    Buffer line = {0};
    bool ok = lengths_collect(&lengths, dataset, tokens, err) && summary_make(&summary, lengths.full, lengths.count, err);
    if (ok) {
        char longest[32];
        count_text(longest, summary.max);
        buffer_printf(&line, "texts     %.0f tokens on average, 95 %% under %.0f, longest %s; ", summary.mean, summary.p95 + 1,
                      longest);
        add_truncated(&line, dataset, &lengths, max_length);
        ok = buffer_ok(&line, err);
    }
    if (ok) terminal_say(&run->terminal, "%s", line.data);
    buffer_free(&line);
    mem_free(lengths.full);
    return ok;
}

void describe_encoder(Run *run, const TextEncoder *encoder) {
    const EncoderConfig *config = &encoder->weights.config;
    double parameters = 0;
    for (int i = 0; i < encoder->weights.table.count; i++) parameters += (double)encoder->weights.table.tensors[i].count;
    terminal_say(&run->terminal, "model     %s  %s, %d layers × %d, %.1f M parameters", encoder->folder.text,
                 config->family == FAMILY_BERT ? "BERT" : "DistilBERT", config->layers, config->channels, parameters / 1e6);
}

void describe_machine(Run *run) {
    char name[128];
    environment_processor(name);
    int threads = run_threads(run);
    terminal_say(&run->terminal, "machine   %s, %d thread%s · %s", name, threads, threads == 1 ? "" : "s",
                 dtype_name(run->settings.dtype));
}
