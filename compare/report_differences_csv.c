/* differences.csv: the rows on which entries part. */
#include <string.h>

#include "common/utf8.h"
#include "compare/report.h"

static void add_cell(Buffer *line, const char *text, size_t size) {
    buffer_text(line, ",");
    escape_csv(line, text, size);
}

static bool is_done(const Comparison *c, int entry) { return c->entries[entry].status == ENTRY_DONE; }

/* Some entries are right on it, some are not. */
static bool is_parting(const Comparison *c, int i) {
    int right = 0, done = 0;
    for (int e = 0; e < c->entry_count; e++) {
        const Predictions *p = &c->entries[e].predictions[SPLIT_TEST];
        if (!is_done(c, e)) continue;
        done++;
        right += p->predicted[i] == p->truth[i];
    }
    return right > 0 && right < done;
}

static void add_row(Buffer *line, const Comparison *c, int i) {
    const Dataset *dataset = c->dataset;
    int row = dataset->splits[SPLIT_TEST].rows[i];
    char *const *labels = dataset->class_names;
    Buffer id = {0};
    size_t size;
    const char *text = dataset_text(dataset, row, &size);
    dataset_add_id(&id, dataset, row);
    escape_csv(line, id.data ? id.data : "", id.size);
    line->failed |= id.failed;
    buffer_free(&id);
    add_cell(line, text, size);
    add_cell(line, labels[dataset->labels[row]], strlen(labels[dataset->labels[row]]));
    for (int e = 0; e < c->entry_count; e++) {
        if (!is_done(c, e)) continue;
        const char *answer = labels[c->entries[e].predictions[SPLIT_TEST].predicted[i]];
        add_cell(line, answer, strlen(answer));
    }
    buffer_text(line, "\n");
}

bool report_write_differences(const Comparison *c, const char *folder, Error *err) {
    Path path;
    FileWriter file;
    Buffer line = {0};
    if (!path_make(&path, err, "%s/differences.csv", folder) || !file_writer_open(&file, path.text, err)) return false;
    buffer_text(&line, "id,text,label");
    for (int e = 0; e < c->entry_count; e++)
        if (is_done(c, e)) add_cell(&line, c->entries[e].name, strlen(c->entries[e].name));
    buffer_text(&line, "\n");
    for (int i = 0; i < c->dataset->splits[SPLIT_TEST].count; i++) {
        if (is_parting(c, i)) add_row(&line, c, i);
        file_writer_add(&file, line.data, line.size);
        line.size = 0;
    }
    bool ok = buffer_ok(&line, err) && file_writer_commit(&file, err);
    file_writer_cancel(&file);
    buffer_free(&line);
    return ok;
}
