/* The audit in compare.json. */
#include "compare/report_audit.h"

#include "compare/facts.h"

enum { SUSPECTS_LISTED = 1000 };

static void write_by_split(JsonWriter *json, const char *key, const int counts[SPLIT_COUNT]) {
    json_write_key(json, key);
    json_begin_object(json);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) json_put_int(json, split_name(split), counts[split]);
    json_end_object(json);
}

static void write_leaks(JsonWriter *json, const char *key, const int leaks[SPLIT_COUNT][SPLIT_COUNT],
                        const int otherwise[SPLIT_COUNT][SPLIT_COUNT]) {
    json_write_key(json, key);
    json_begin_array(json);
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
        for (Split in = SPLIT_TRAIN; in < split; in++) {
            json_begin_object(json);
            json_put_string(json, "rows_of", split_name(split));
            json_put_string(json, "also_in", split_name(in));
            json_put_int(json, "rows", leaks[split][in]);
            json_put_int(json, "with_another_label", otherwise[split][in]);
            json_end_object(json);
        }
    json_end_array(json);
}

static void write_ceilings(JsonWriter *json, const Comparison *c) {
    json_write_key(json, "accuracy_ceiling");
    json_begin_object(json);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        json_put_number(json, split_name(split), audit_ceiling(&c->audit, c->dataset, split));
    json_end_object(json);
}

/* The likeliest; audit.csv has all, with texts. */
static void write_suspects(JsonWriter *json, const Comparison *c) {
    const Audit *audit = &c->audit;
    json_write_key(json, "label_errors");
    if (audit->suspect_count < 0) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_put_int(json, "count", audit->suspect_count);
    json_write_key(json, "first");
    json_begin_array(json);
    for (int i = 0; i < audit->suspect_count && i < SUSPECTS_LISTED; i++) {
        const AuditSuspect *suspect = &audit->suspects[i];
        Buffer id = {0};
        dataset_add_id(&id, c->dataset, suspect->row);
        json_begin_object(json);
        json_put_string(json, "id", id.data ? id.data : "");
        json_put_string(json, "label", c->dataset->class_names[c->dataset->labels[suspect->row]]);
        json_put_string(json, "suggested", c->dataset->class_names[suspect->suggested]);
        json_put_number(json, "score", suspect->score);
        json_end_object(json);
        json->out->failed |= id.failed;
        buffer_free(&id);
    }
    json_end_array(json);
    json_end_object(json);
}

/* Test accuracies on the rows that are not leaked, by entry. */
static void write_without(JsonWriter *json, const Comparison *c, const char *key, int leaked) {
    json_write_key(json, key);
    json_begin_object(json);
    json_put_int(json, "rows", c->dataset->splits[SPLIT_TEST].count - facts_leaked_as(c, leaked));
    json_write_key(json, "accuracy");
    json_begin_object(json);
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE) json_put_number(json, c->entries[i].name, facts_accuracy_without(c, i, leaked));
    json_end_object(json);
    json_end_object(json);
}

void report_write_audit_json(JsonWriter *json, const Comparison *c) {
    const Audit *audit = &c->audit;
    json_begin_object(json);
    write_by_split(json, "duplicates", audit->duplicates);
    write_by_split(json, "normalized_duplicates", audit->normalized.duplicates);
    write_by_split(json, "near_duplicates", audit->near.duplicates);
    write_by_split(json, "conflicts", audit->conflicts);
    write_by_split(json, "empty", audit->empty);
    write_leaks(json, "leaks", audit->leaks, audit->leaks_otherwise);
    write_leaks(json, "normalized_leaks", audit->normalized.leaks, audit->normalized.leaks_otherwise);
    write_leaks(json, "near_leaks", audit->near.leaks, audit->near.leaks_otherwise);
    json_put_int(json, "near_pairs", audit->pairs.count);
    json_put_int(json, "near_cut", audit->pairs.cut);
    json_put_int(json, "leaks_dropped", c->dataset->leaks_dropped);
    write_ceilings(json, c);
    write_without(json, c, "without_equal", AUDIT_LEAK | AUDIT_NORMALIZED_LEAK);
    write_without(json, c, "without_near", AUDIT_ANY_LEAK);
    write_suspects(json, c);
    json_end_object(json);
}
