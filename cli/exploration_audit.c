/* The rows that are alike, as `explore` tells them. */
#include <string.h>

#include "cli/exploration.h"
#include "cli/terminal.h"
#include "common/clock.h"
#include "common/utf8.h"
#include "compare/shown_text.h"

enum { HEADING = 12, SUSPECTS_SHOWN = 20, TEXT_SHOWN = 90 };

static void add_heading(Buffer *out, const char *heading) { buffer_printf(out, "%-*s", HEADING, heading); }

static void add_count(Buffer *out, int64_t count) {
    char text[32];
    count_text(text, count);
    buffer_text(out, text);
}

/* "duplicates  31 in train, 2 in validation", or "none". */
static void print_by_split(Buffer *out, const Exploration *explored, const char *heading, const int counts[SPLIT_COUNT],
                           const char *what) {
    bool said = false;
    add_heading(out, heading);
    for (int split = 0; split < SPLIT_COUNT; split++) {
        if (!counts[split]) continue;
        buffer_text(out, said ? ", " : "");
        add_count(out, counts[split]);
        if (!explored->dataset.whole) buffer_printf(out, " in %s", split_name((Split)split));
        said = true;
    }
    buffer_printf(out, "%s%s\n", said ? "" : "none", said ? what : "");
}

/* One line for each two splits that share rows; `how` follows the verb: "also stand in train", "nearly stand in train". */
static void print_leaks(Buffer *out, const int leaks[SPLIT_COUNT][SPLIT_COUNT], const int otherwise[SPLIT_COUNT][SPLIT_COUNT],
                        const char *how, const char *behind, bool *said) {
    for (int a = SPLIT_VALIDATION; a < SPLIT_COUNT; a++)
        for (int b = 0; b < a; b++) {
            int rows = leaks[a][b], other = otherwise[a][b];
            if (!rows) continue;
            add_heading(out, *said ? "" : "leaks");
            add_count(out, rows);
            buffer_printf(out, " row%s of %s %s stand%s in %s%s", rows == 1 ? "" : "s", split_name((Split)a), how,
                          rows == 1 ? "s" : "", split_name((Split)b), behind);
            if (other == rows)
                buffer_text(out, rows == 1 ? ", with another label" : ", all with another label");
            else if (other)
                buffer_printf(out, ", %d with another label", other);
            buffer_text(out, "\n");
            *said = true;
        }
}

static bool has_any(const int counts[SPLIT_COUNT]) { return counts[0] || counts[1] || counts[2]; }

/* What --drop_leaks would do. */
static void print_dropping(Buffer *out, const Exploration *explored) {
    const RowList *train = &explored->dataset.splits[SPLIT_TRAIN];
    int same = 0, near = 0;
    for (int i = 0; i < train->count; i++) {
        int flags = explored->audit.flags[train->rows[i]];
        same += (flags & (AUDIT_LEAKED | AUDIT_NORMALIZED_LEAKED)) != 0;
        near += (flags & (AUDIT_LEAKED | AUDIT_NORMALIZED_LEAKED | AUDIT_NEAR_LEAKED)) != 0;
    }
    if (!near) return;
    add_heading(out, "");
    if (same) buffer_printf(out, "--drop_leaks train leaves %d row%s out of train", same, same == 1 ? "" : "s");
    if (near > same) buffer_printf(out, "%s--drop_leaks near %d", same ? ", " : "", near);
    if (!same) buffer_printf(out, " row%s of train left out", near == 1 ? "" : "s");
    buffer_text(out, "\n");
}

static void print_ceilings(Buffer *out, const Exploration *explored) {
    for (int split = 0; split < SPLIT_COUNT; split++) {
        double ceiling = audit_ceiling(&explored->audit, &explored->dataset, (Split)split);
        if (split == SPLIT_TRAIN || !(ceiling < 1)) continue;
        add_heading(out, "ceiling");
        buffer_printf(out, "no model can pass an accuracy of %.4f%s%s: equal texts have different labels\n", ceiling,
                      explored->dataset.whole ? "" : " on ", explored->dataset.whole ? "" : split_name((Split)split));
    }
}

/* The likeliest, worst first; audit.csv has all. */
static void print_suspects(Buffer *out, const Exploration *explored) {
    const Audit *audit = &explored->audit;
    const Dataset *dataset = &explored->dataset;
    if (audit->suspect_count < 0) return;
    if (!audit->suspect_count) {
        buffer_text(out, "labels      none looks wrong\n");
        return;
    }
    int shown = audit->suspect_count < SUSPECTS_SHOWN ? audit->suspect_count : SUSPECTS_SHOWN;
    add_heading(out, "labels");
    add_count(out, audit->suspect_count);
    buffer_printf(out, " doubted by a linear model that did not learn from these rows; the %d most doubted (--output_dir: all in audit.csv):\n",
                  shown);
    for (int i = 0; i < shown; i++) {
        const AuditSuspect *suspect = &audit->suspects[i];
        Buffer id = {0}, shown_as = {0};
        size_t size;
        const char *text = dataset_text(dataset, suspect->row, &size);
        const char *label = dataset->class_names[dataset->labels[suspect->row]], *suggested = dataset->class_names[suspect->suggested];
        dataset_add_id(&id, dataset, suspect->row);
        shown_text(&shown_as, text, size, TEXT_SHOWN);
        buffer_printf(out, "            %5.1f %%  ", 100 * suspect->score);
        escape_terminal(out, label, strlen(label));
        buffer_text(out, " → ");
        escape_terminal(out, suggested, strlen(suggested));
        buffer_text(out, "  ");
        escape_terminal(out, id.data ? id.data : "", id.size);
        buffer_text(out, "  ");
        escape_terminal(out, shown_as.data ? shown_as.data : "", shown_as.size);
        buffer_text(out, "\n");
        out->failed |= id.failed || shown_as.failed;
        buffer_free(&id);
        buffer_free(&shown_as);
    }
}

void exploration_print_audit(Buffer *out, const Exploration *explored) {
    const Audit *audit = &explored->audit;
    bool said = false;
    print_by_split(out, explored, "duplicates", audit->duplicates, " (rows whose text stood before)");
    if (has_any(audit->normalized.duplicates))
        print_by_split(out, explored, "", audit->normalized.duplicates, " (but for case, Unicode form, spaces or punctuation)");
    if (has_any(audit->near.duplicates))
        print_by_split(out, explored, "", audit->near.duplicates, " (nearly: 0.8 or more of their pairs of words are the same)");
    print_by_split(out, explored, "conflicts", audit->conflicts, " (texts with several labels)");
    if (has_any(audit->empty)) print_by_split(out, explored, "empty", audit->empty, "");
    print_leaks(out, audit->leaks, audit->leaks_otherwise, "also", "", &said);
    print_leaks(out, audit->normalized.leaks, audit->normalized.leaks_otherwise, "also",
                " but for case, Unicode form, spaces or punctuation", &said);
    print_leaks(out, audit->near.leaks, audit->near.leaks_otherwise, "nearly", "", &said);
    if (!said && !explored->dataset.whole) buffer_text(out, "leaks       none\n");
    print_dropping(out, explored);
    print_ceilings(out, explored);
    if (audit->pairs.cut)
        buffer_printf(out, "            %d texts have so many look-alikes that not all near ones were counted\n", audit->pairs.cut);
    print_suspects(out, explored);
}

/* ---- for scripts ---- */

static void write_leaks_of(JsonWriter *json, const char *kind, const int leaks[SPLIT_COUNT][SPLIT_COUNT],
                           const int otherwise[SPLIT_COUNT][SPLIT_COUNT]) {
    for (int a = SPLIT_VALIDATION; a < SPLIT_COUNT; a++)
        for (int b = 0; b < a; b++) {
            if (!leaks[a][b]) continue;
            json_begin_object(json);
            json_put_string(json, "of", split_name((Split)a));
            json_put_string(json, "in", split_name((Split)b));
            json_put_string(json, "kind", kind);
            json_put_int(json, "rows", leaks[a][b]);
            json_put_int(json, "with_another_label", otherwise[a][b]);
            json_end_object(json);
        }
}

static void write_suspects(JsonWriter *json, const Exploration *explored) {
    const Dataset *dataset = &explored->dataset;
    json_write_key(json, "label_errors");
    if (explored->audit.suspect_count < 0) {
        json_write_null(json);
        return;
    }
    json_begin_array(json);
    for (int i = 0; i < explored->audit.suspect_count; i++) {
        const AuditSuspect *suspect = &explored->audit.suspects[i];
        Buffer id = {0};
        size_t size;
        const char *text = dataset_text(dataset, suspect->row, &size);
        dataset_add_id(&id, dataset, suspect->row);
        json_begin_object(json);
        json_put_string(json, "id", id.data ? id.data : "");
        json_write_key(json, "text");
        json_write_bytes(json, text, size);
        json_put_string(json, "label", dataset->class_names[dataset->labels[suspect->row]]);
        json_put_string(json, "suggested", dataset->class_names[suspect->suggested]);
        json_put_number(json, "score", suspect->score);
        json_end_object(json);
        json->out->failed |= id.failed;
        buffer_free(&id);
    }
    json_end_array(json);
}

void exploration_write_audit(JsonWriter *json, const Exploration *explored) {
    const Audit *audit = &explored->audit;
    json_put_int(json, "conflict_texts", audit->conflict_texts);
    json_put_int(json, "normalized_conflict_texts", audit->conflict_forms);
    json_put_int(json, "near_pairs", audit->pairs.count);
    json_put_int(json, "near_cut", audit->pairs.cut);
    write_suspects(json, explored);
    json_write_key(json, "leaks");
    json_begin_array(json);
    write_leaks_of(json, "equal", audit->leaks, audit->leaks_otherwise);
    write_leaks_of(json, "normalized", audit->normalized.leaks, audit->normalized.leaks_otherwise);
    write_leaks_of(json, "near", audit->near.leaks, audit->near.leaks_otherwise);
    json_end_array(json);
}
