/* compare/'s reports over comparisons made by hand: whatever names and texts hold, the page is well-formed, loads and runs nothing, and shows them
 * as text; two writes are equal; sizes are bounded. TWOFOLD_KEEP=folder keeps what was written, to be looked at. */
#include "tests/check.h"

#include "common/file.h"
#include "common/json.h"
#include "common/random.h"
#include "compare/cascades.h"
#include "compare/curve.h"
#include "compare/costs.h"
#include "compare/error_facts.h"
#include "compare/recommend.h"
#include "compare/report.h"
#include "compare/seeds.h"
#include "compare/statistics.h"
#include "compare/tuning.h"
#include "tests/page_check.h"
#include "tests/schema_check.h"

static char HOSTILE[] =
    "</td><script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" 'so' `tick` | pipe * _ @someone \x01\x1b[31m "
    "\xE2\x80\xAE turned \xE2\x81\xA6 \xEF\xBB\xBF naïve 大きい 🙂\n\ttwo";

/* ---- a comparison by hand ---- */

typedef struct Made {
    Dataset dataset;
    Comparison comparison;
    char (*labels)[256];
} Made;

typedef struct Wish {
    int rows[SPLIT_COUNT];
    int classes;
    bool hostile;
    bool weak_part; /* the last entry's mistakes are all in one part of the column */
    size_t longest; /* bytes of the first test text; 0: like the others */
} Wish;

static void *take(size_t count, size_t size) {
    Error err = {0};
    void *block = mem_new(count, size, &err);
    assert_non_null(block);
    return block;
}

static void make_names(Made *made, const Wish *wish) {
    Dataset *d = &made->dataset;
    static char giant[100001];
    made->labels = take((size_t)wish->classes, sizeof *made->labels);
    d->class_names = take((size_t)wish->classes, sizeof *d->class_names);
    for (int k = 0; k < wish->classes; k++) {
        static const char *const PLAIN[] = {"anger", "fear", "joy", "love", "sadness", "surprise"};
        if (wish->hostile)
            snprintf(made->labels[k], sizeof *made->labels, "%d %s", k, HOSTILE);
        else if (wish->classes <= 6)
            snprintf(made->labels[k], sizeof *made->labels, "%s", PLAIN[k]);
        else
            snprintf(made->labels[k], sizeof *made->labels, "intent_number_%d", k);
        d->class_names[k] = made->labels[k];
    }
    if (wish->hostile) d->class_names[1] = memset(giant, 'x', sizeof giant - 1);
}

static void add_text(Buffer *text, const Wish *wish, int row, bool first_test) {
    if (first_test && wish->longest) {
        for (size_t i = 0; i < wish->longest; i++) buffer_text(text, i % 7 ? "w" : " ");
    } else if (wish->hostile && row % 3 == 0) {
        buffer_add(text, HOSTILE, sizeof HOSTILE - 1);
    } else {
        buffer_printf(text, "i feel that this is row %d of a set in which nobody wrote anything that would surprise a reader",
                      row);
    }
}

static Made *make(const Wish *wish) {
    Made *made = take(1, sizeof *made);
    Dataset *d = &made->dataset;
    Buffer text = {0};
    static char file[] = "train.csv", *files[] = {file}, detected[] = "CSV with ',', UTF-8";
    *d = (Dataset){.classes = wish->classes, .files = 1, .file_names = files, .detected = detected};
    if (wish->hostile) files[0] = HOSTILE;
    else files[0] = file;
    make_names(made, wish);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) d->rows += wish->rows[split];
    size_t rows = (size_t)d->rows;
    d->starts = take(rows + 1, sizeof *d->starts);
    d->labels = take(rows, sizeof *d->labels);
    d->file = take(rows, sizeof *d->file);
    d->line = take(rows, sizeof *d->line);
    Random random = random_start(7, STREAM_TEST, 0);
    for (int row = 0, split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        d->splits[split].rows = take((size_t)wish->rows[split], sizeof(int));
        for (int i = 0; i < wish->rows[split]; i++, row++) {
            add_text(&text, wish, row, split == SPLIT_TEST && i == 0);
            d->starts[row + 1] = (int64_t)text.size;
            d->labels[row] = (int32_t)random_below(&random, (uint32_t)wish->classes);
            d->line[row] = row + 1;
            d->splits[split].rows[d->splits[split].count++] = row;
        }
    }
    d->text = text.data;
    Comparison *c = &made->comparison;
    Error err = {0};
    c->dataset = d;
    c->data = wish->hostile ? HOSTILE : "emotion/";
    snprintf(c->data_sha256.text, sizeof c->data_sha256.text, "%064d", 1);
    CHECK_OK(audit_run(&c->audit, d, &err), &err);
    CHECK_OK(text_summaries_make(&c->texts, d, &d->splits[SPLIT_TEST], &err), &err);
    c->dtype = "float32";
    c->seed = 42;
    c->prices = (Prices)PRICE_DEFAULTS;
    c->command = wish->hostile ? HOSTILE : "twofold compare --model models/minilm --data emotion/ --output_dir DIR";
    c->output_dir = "runs/emotion";
    c->entries = take(8, sizeof *c->entries);
    return made;
}

static void free_made(Made *made) {
    Dataset *d = &made->dataset;
    comparison_free(&made->comparison);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) mem_free(d->splits[split].rows);
    mem_free(d->starts);
    mem_free(d->labels);
    mem_free(d->file);
    mem_free(d->line);
    mem_free(d->class_names);
    mem_free(made->labels);
    mem_free(d->slices);
    free(d->text);
    mem_free(made);
}

static EntryResult *add_entry(Made *made, const char *name, EntryKind kind) {
    EntryResult *entry = &made->comparison.entries[made->comparison.entry_count++];
    *entry = (EntryResult){.name = name, .kind = kind};
    snprintf(entry->how, sizeof entry->how, "%s", "logistic regression, C 1: converged in 12 iterations");
    entry->costs = (EntryCosts){.train_s = 3.2 * (kind + 1) * (kind + 1),
                                .train_cpu_s = 6.1 * (kind + 1) * (kind + 1),
                                .predict_cpu_ms = 0.01 + 0.7 * (int)kind,
                                .startup_s = 0.2,
                                .predict_mflop = kind > 1 ? 230 : (double)NAN,
                                .train_tflop = kind > 1 ? 12.5 : (double)NAN,
                                .predict_share = kind > 1 ? 0.6 : (double)NAN,
                                .train_share = (double)NAN,
                                .matrix_gflops = 480,
                                .predict_ms_p50 = 0.02 + 0.6 * (int)kind,
                                .predict_ms_p95 = 0.1 + 0.9 * (int)kind,
                                .predict_ms_p99 = (double)NAN,
                                .texts_per_s = 12345,
                                .load_s = 0.1,
                                .peak_rss_mb = 230,
                                .model_mb = kind > 1 ? 87 : 4.2};
    return entry;
}

/* Answers that are right with about this share. */
static void answer(Made *made, EntryResult *entry, double skill, bool with_probabilities) {
    const Dataset *d = &made->dataset;
    Error err = {0};
    Random random = random_start(11 + (uint64_t)entry->kind, STREAM_TEST, 0);
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        const RowList *list = &d->splits[split];
        int32_t *truth = take((size_t)list->count, sizeof *truth);
        double *logits = take((size_t)d->classes, sizeof *logits);
        for (int i = 0; i < list->count; i++) truth[i] = d->labels[list->rows[i]];
        Predictions *p = &entry->predictions[split];
        CHECK_OK(predictions_make(p, list->count, d->classes, truth, with_probabilities, &err), &err);
        for (int i = 0; i < list->count; i++) {
            for (int k = 0; k < d->classes; k++) logits[k] = 2 * random_uniform(&random);
            bool right = random_uniform(&random) < skill;
            logits[right ? truth[i] : (int)random_below(&random, (uint32_t)d->classes)] += 1 + 4 * random_uniform(&random);
            if (with_probabilities)
                predictions_put_logits(p, i, logits);
            else
                p->predicted[i] = argmax(logits, d->classes);
        }
        CHECK_OK(scores_compute(&entry->scores[split], p, NULL, &err), &err);
        mem_free(truth);
        mem_free(logits);
    }
}

static void train(EntryResult *entry, int steps, int evaluations) {
    FinetuneResult *t = &entry->training;
    t->steps = steps;
    t->history = take((size_t)steps, sizeof *t->history);
    for (int i = 0; i < steps; i++)
        t->history[i] = (FinetuneStep){.loss = 0.3 + 1.4 * exp(-3.0 * i / steps) + 0.2 * sin(i * 1.7)};
    t->evaluation_count = evaluations;
    t->evaluations = take((size_t)evaluations, sizeof *t->evaluations);
    for (int i = 0; i < evaluations; i++)
        t->evaluations[i] = (FinetuneEvaluation){.step = (int64_t)steps * (i + 1) / evaluations,
                                                 .epoch = i + 1,
                                                 .loss = 0.5 - 0.05 * i,
                                                 .accuracy = 0.8 + 0.04 * i,
                                                 .f1_macro = 0.7 + 0.04 * i};
    t->best_step = steps;
    t->best_loaded = true;
    t->epochs = evaluations;
}

static void describe_model(Made *made, const char *folder) {
    ComparisonModel *model = &made->comparison.model;
    Error err = {0};
    model->folder = folder;
    snprintf(model->what, sizeof model->what, "BERT, 6 layers × 384, 22.7 M parameters");
    snprintf(model->new_tensors, sizeof model->new_tensors, "classifier.weight, classifier.bias");
    model->max_length = 512;
    model->lengths_count = made->dataset.rows;
    model->lengths = take((size_t)made->dataset.rows, sizeof *model->lengths);
    for (int i = 0; i < model->lengths_count; i++) model->lengths[i] = 5 + i * 7919 % 40;
    CHECK_OK(summary_make(&model->tokens, model->lengths, model->lengths_count, &err), &err);
}

static void repeat(EntryResult *entry, int runs) {
    Error err = {0};
    CHECK_OK(seeds_begin(&entry->seeds, runs, 42, &err), &err);
    for (int run = 0; run < runs; run++)
        CHECK_OK(seeds_add(&entry->seeds, run, run ? entry[-1].scores : entry->scores,
                           &(run ? entry - 1 : entry)->predictions[SPLIT_TEST], &err),
                 &err);
    CHECK_OK(seeds_finish(&entry->seeds, &err), &err);
}

static void finish(Made *made) {
    Comparison *c = &made->comparison;
    Error err = {0};
    for (int i = 0; i < c->entry_count; i++) {
        EntryResult *entry = &c->entries[i];
        CHECK_OK(confidence_measure(&entry->confidence, &entry->predictions[SPLIT_VALIDATION], &entry->predictions[SPLIT_TEST], NULL,
                                    &err),
                 &err);
    }
    CHECK_OK(statistics_pairs(c, &err) && statistics_intervals(c, 100, NULL, &err), &err);
    CHECK_OK(cascades_find(c, 0, NULL, &err), &err);
    CHECK_OK(error_facts_make(c, &err), &err);
    CHECK_OK(recommend(c, &err), &err);
}

/* ---- writing ---- */

static char *read_whole(const char *folder, const char *name, size_t *size) {
    Path path;
    FileMap map = {0};
    Error err = {0};
    CHECK_OK(path_make(&path, &err, "%s/%s", folder, name), &err);
    CHECK_OK(file_map(&map, path.text, ERROR_PATH, &err), &err);
    char *text = mem_copy_text((const char *)map.data, map.size, &err);
    assert_non_null(text);
    *size = map.size;
    file_unmap(&map);
    return text;
}

static void write_all(const Comparison *c, const char *folder) {
    Error err = {0};
    Path path;
    CHECK_OK(folder_make(folder, &err), &err);
    CHECK_OK(path_make(&path, &err, "%s/report.html", folder), &err);
    CHECK_OK(report_write_html(c, path.text, &err), &err);
    CHECK_OK(path_make(&path, &err, "%s/report.md", folder), &err);
    CHECK_OK(report_write_markdown(c, path.text, &err), &err);
    CHECK_OK(path_make(&path, &err, "%s/compare.json", folder), &err);
    CHECK_OK(report_write_json(c, path.text, &err), &err);
}

static void check_same(const char *a, const char *b, const char *name) {
    size_t sizes[2];
    char *first = read_whole(a, name, &sizes[0]), *second = read_whole(b, name, &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(first, second, sizes[0]);
    free(first);
    free(second);
}

static Json *check_json(const char *folder, const Comparison *c) {
    size_t size;
    Error err = {0};
    char *text = read_whole(folder, "compare.json", &size);
    Json *json = json_parse(text, size, "compare.json", ERROR_DATA, &err);
    Json *schema = json_parse_file(SOURCE_FOLDER "/docs/compare.schema.json", ERROR_DATA, &err);
    if (!json || !schema) fail_msg("%s", err.message);
    free(text);
    if (schema_check(schema, json)) fail_msg("compare.json: %s", schema_check(schema, json));
    json_free(schema);
    assert_int_equal(json_int_or(json_get(json, "version"), 0), 1);
    const Json *data = json_get(json, "data");
    assert_int_equal(json_size(json_get(data, "labels")), c->dataset->classes);
    assert_int_equal(json_int_or(json_get(json_get(data, "rows"), "test"), -1), c->dataset->splits[SPLIT_TEST].count);
    assert_int_equal(json_size(json_get(json, "entries")), c->entry_count);
    assert_int_equal(json_size(json_get(json, "pairs")), c->pair_count);
    assert_true(json_is_object(json_get(json, "recommendation")));
    int i = 0;
    for (const Json *entry = json_first(json_get(json, "entries")); entry; entry = json_next(entry), i++) {
        bool done = c->entries[i].status == ENTRY_DONE;
        assert_string_equal(json_string_or(json_get(entry, "name"), ""), c->entries[i].name);
        assert_string_equal(json_string_or(json_get(entry, "status"), ""), done ? "done" : "failed");
        const Json *test = json_get(json_get(entry, "metrics"), "test");
        if (done) CHECK_CLOSE(json_number_or(json_get(test, "accuracy"), -1), c->entries[i].scores[SPLIT_TEST].accuracy, 0, 0);
        if (done) assert_true(json_is_number(json_get(json_get(entry, "costs"), "train_s")));
        assert_true(json_is_null(json_get(entry, "metrics")) == !done);
        assert_true(json_is_null(json_get(entry, "failure")) == done);
    }
    return json;
}

/* ---- the files beside the page ---- */

/* One field of CSV by RFC 4180 at *at, and what ends it: ',', a line end, or 0 at the end of the text. */
static char read_field(Buffer *field, const char **at) {
    field->size = 0;
    bool quoted = **at == '"';
    if (quoted) ++*at;
    for (; **at; ++*at) {
        if (quoted && **at == '"') {
            if (*++*at != '"') break;
        } else if (!quoted && (**at == ',' || **at == '\n'))
            break;
        buffer_add(field, *at, 1);
    }
    if (**at && **at != ',' && **at != '\n') fail_msg("behind a quoted field stands %.20s", *at);
    return **at ? *(*at)++ : '\0';
}

/* Every line has a field for each column. Returns how many fields equal `wanted`. */
static int check_csv(const char *folder, const char *name, const char *wanted) {
    size_t size;
    char *text = read_whole(folder, name, &size);
    Buffer field = {0};
    int columns = 0, fields = 0, rows = 0, found = 0;
    for (const char *at = text; *at;) {
        char end = read_field(&field, &at);
        found += field.size == strlen(wanted) && memcmp(field.data, wanted, field.size) == 0;
        fields++;
        if (end == ',') continue;
        if (!columns) columns = fields;
        if (fields != columns || end != '\n') fail_msg("%s: row %d has %d fields, the first %d", name, rows, fields, columns);
        rows++;
        fields = 0;
    }
    if (rows < 2 || columns < 2) fail_msg("%s: an empty table", name);
    free(text);
    buffer_free(&field);
    return found;
}

/* The target of the link at `link` ("./figures/loss.svg\">…), without "./". */
static void link_target(char out[256], const char *link) {
    if (strncmp(link, "./", 2) != 0) fail_msg("not a file beside the page: %.40s", link);
    snprintf(out, 256, "%.*s", (int)strcspn(link + 2, "\""), link + 2);
}

/* The table's file is there, has as many fields in each line, and is named in docs/FORMATS.md; what lists rows of the data, the run writes. */
static void check_table_file(const char *folder, const char *csv) {
    char named[300];
    size_t size;
    const char *base = strrchr(csv, '/') ? strrchr(csv, '/') + 1 : csv;
    snprintf(named, sizeof named, "`%s`", base);
    char *formats = read_whole(SOURCE_FOLDER, "docs/FORMATS.md", &size);
    if (!strstr(formats, named)) fail_msg("docs/FORMATS.md does not name %s", csv);
    free(formats);
    if (strncmp(csv, "tables/", 7) == 0) check_csv(folder, csv, "");
}

static bool is_file(const char *folder, const char *name) {
    Path path;
    Error err = {0};
    CHECK_OK(path_make(&path, &err, "%s/%s", folder, name), &err);
    return file_exists(path.text);
}

/* Every table of the page as CSV, every drawing as SVG and PNG. Returns how many tables there are. */
static int check_files(const Comparison *c, const char *folder, const char *page) {
    Error err = {0};
    int tables = 0;
    char target[256];
    CHECK_OK(report_write_figures(c, folder, &err) && report_write_tables(c, folder, &err), &err);
    for (const char *at = strstr(page, "<caption>"); at; at = strstr(at + 1, "<caption>"), tables++) {
        const char *link = strstr(at, "<a href=\"");
        assert_true(link && link < strstr(at, "</caption>"));
        link_target(target, link + strlen("<a href=\""));
        check_table_file(folder, target);
    }
    for (const char *at = strstr(page, "class=\"files\">"); at; at = strstr(at + 1, "class=\"files\">"))
        for (int i = 0; i < 2; i++) {
            const char *link = strstr(at, "<a href=\"");
            if (i) link = strstr(link + 1, "<a href=\"");
            link_target(target, link + strlen("<a href=\""));
            if (!is_file(folder, target)) fail_msg("there is no %s", target);
        }
    return tables;
}

/* Every link within the page leads somewhere in it. */
static void check_links(const char *page) {
    for (const char *link = strstr(page, "href=\"#"); link; link = strstr(link + 1, "href=\"#")) {
        char place[64];
        snprintf(place, sizeof place, "id=\"%.*s\"", (int)strcspn(link + 7, "\""), link + 7);
        if (!strstr(page, place)) fail_msg("a link leads to no %s", place);
    }
}

static int base64_digit(char c) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(DIGITS, c);
    return at && *at ? (int)(at - DIGITS) : -1;
}

/* The policy allows the page's one style, by the hash of what stands between its tags. */
static void check_policy(const char *page) {
    const char *style = strstr(page, "<style>") + strlen("<style>"), *hash = strstr(page, "sha256-") + strlen("sha256-");
    Sha256Hex wanted = sha256_bytes(style, (size_t)(strstr(style, "</style>") - style));
    unsigned bits = 0;
    int held = 0, digit = 0;
    for (const char *at = wanted.text; *at; at++) {
        if (held < 4) {
            digit = base64_digit(*hash++);
            assert_true(digit >= 0);
            bits = bits << 6 | (unsigned)digit;
            held += 6;
        }
        assert_int_equal("0123456789abcdef"[bits >> (held - 4) & 15], *at);
        held -= 4;
    }
    assert_int_equal(*hash, '=');
}

/* Everything that holds for every comparison; with its files when it is to have so many tables, not 0. Returns the page, released with free(). */
static char *check_report(const Made *made, const char *name, int tables) {
    const char *kept = getenv("TWOFOLD_KEEP");
    char again[] = "report_again", folder[512];
    Error err = {0};
    snprintf(folder, sizeof folder, "%s/%s", kept ? kept : "report_written", name);
    const Comparison *c = &made->comparison;
    write_all(c, folder);
    write_all(c, again);
    check_same(folder, again, "report.html");
    check_same(folder, again, "report.md");
    check_same(folder, again, "compare.json");
    json_free(check_json(folder, c));
    size_t size;
    char *page = read_whole(folder, "report.html", &size);
    assert_true(size < 2000000);
    if (page_check(page)) fail_msg("%s", page_check(page));
    check_links(page);
    check_policy(page);
    char *markdown = read_whole(folder, "report.md", &size);
    assert_true(size < 60000); /* a pull request takes 65,536 */
    assert_null(strstr(markdown, "\x1b"));
    assert_int_equal(strstr(markdown, "Training rows left out because") != NULL, c->dataset->leaks_dropped > 0);
    assert_int_equal(strstr(markdown, "tables/class_scores.csv has all") != NULL, c->entry_count > 8);
    free(markdown);
    if (tables) assert_int_equal(check_files(c, folder, page), tables);
    if (!kept) CHECK_OK(folder_remove("report_written", &err), &err);
    CHECK_OK(folder_remove(again, &err), &err);
    return page;
}

static int count_text_in(const char *page, const char *part) {
    int count = 0;
    for (const char *at = strstr(page, part); at; at = strstr(at + 1, part)) count++;
    return count;
}

/* ---- the cases ---- */

/* The judges find what they are there to find. */
static void test_judges(void **state) {
    (void)state;
    static const char HEAD[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><meta content=\"default-src 'none'; style-src "
        "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; base-uri 'none'; form-action 'none'\"><main><h1>1</h1>";
    static const struct {
        const char *body;
        bool good;
    } PAGES[] = {{"<p class=\"a\">1 &lt; 2</p></main></html>", true},
                 {"<p>1 < 2</p></main></html>", false},
                 {"<p>1</div></main></html>", false},
                 {"<script>1</script></main></html>", false},
                 {"<p onclick=\"x\">1</p></main></html>", false},
                 {"<p>\x1b</p></main></html>", false},
                 {"<p>\xE2\x80\xAE</p></main></html>", false},
                 {"<p>1</main></html>", false},
                 {"<p>&nothing;</p></main></html>", false},
                 {"<p title='x'>1</p></main></html>", false},
                 {"<a href=\"https://x\">1</a></main></html>", false},
                 {"<h3>skipped</h3></main></html>", false},
                 {"<h1>twice</h1></main></html>", false},
                 {"<table><tr><td>1</td></tr></table></main></html>", false},
                 {"<svg><g></g></svg></main></html>", false},
                 {"<div role=\"region\" tabindex=\"0\" aria-label=\"a\">1</div></main></html>", false},
                 {"<div role=\"group\" tabindex=\"0\">1</div></main></html>", false},
                 {"<div role=\"group\" tabindex=\"0\" aria-label=\"a\">1</div></main></html>", true}};
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++) {
        char page[400];
        snprintf(page, sizeof page, "%s%s", HEAD, PAGES[i].body);
        if ((page_check(page) == NULL) != PAGES[i].good)
            fail_msg("%s: %s", PAGES[i].body, PAGES[i].good ? "refused" : "accepted");
    }
    static const char SCHEMA[] =
        "{\"type\": \"object\", \"required\": [\"a\"], \"additionalProperties\": false, \"properties\": {\"a\": {\"anyOf\": "
        "[{\"type\": \"null\"}, {\"$ref\": \"#/$defs/n\"}]}}, \"$defs\": {\"n\": {\"type\": \"integer\", \"minimum\": 0}}}";
    static const char *const DOCUMENTS[] = {"{\"a\": null}", "{\"a\": 3}",           "{}", "{\"a\": -1}", "{\"a\": 1.5}",
                                            "{\"a\": \"\"}", "{\"a\": 1, \"b\": 1}", "[]"};
    Error err = {0};
    Json *schema = json_parse(SCHEMA, strlen(SCHEMA), "schema", ERROR_DATA, &err);
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++) {
        Json *document = json_parse(DOCUMENTS[i], strlen(DOCUMENTS[i]), "document", ERROR_DATA, &err);
        if ((schema_check(schema, document) == NULL) != (i < 2)) fail_msg("%s: wrongly judged", DOCUMENTS[i]);
        json_free(document);
    }
    json_free(schema);
}

/* Every other row of a column of the data, and two labels that look wrong. */
static void add_audit_facts(Made *made, bool hostile) {
    static char plain[] = "web", column[] = "channel", *names[2] = {plain};
    Dataset *d = &made->dataset;
    Audit *audit = &made->comparison.audit;
    names[1] = hostile ? HOSTILE : column;
    d->slice_column = hostile ? HOSTILE : column;
    d->slice_names = names;
    d->slice_count = 2;
    d->slices = take((size_t)d->rows, sizeof *d->slices);
    for (int row = 0; row < d->rows; row++) d->slices[row] = row % 2;
    audit->suspects = take(2, sizeof *audit->suspects);
    audit->suspects[0] = (AuditSuspect){d->splits[SPLIT_TEST].rows[0], 1, 0.001};
    audit->suspects[1] = (AuditSuspect){d->splits[SPLIT_TRAIN].rows[0], 0, 0.25};
    audit->suspect_count = 2;
    d->leaks_dropped = 3;
}

/* Two trials, the second of which is chosen. */
static void tune(Made *made) {
    Tuning *tuning = made->comparison.tuning = take(1, sizeof *tuning);
    *tuning = (Tuning){.count = 2, .validation_rows = 200, .budget_s = 600, .step_s = 0.25};
    for (int i = 0; i < tuning->count; i++) {
        TuningTrial *trial = &tuning->trials[i];
        *trial = (TuningTrial){.kind = ENTRY_FINETUNE, .rank = -1, .rows = 1600, .steps = 40, .learning_rate = (i + 1) * 5e-5,
                               .epochs = 1, .done = true, .accuracy = 0.8 + 0.01 * i, .loss = 0.6 - 0.1 * i, .seconds = 12.5};
        snprintf(trial->name, sizeof trial->name, "finetune");
    }
}

/* Two entries after a quarter of the rows, half of them, and all. */
static void learn(Made *made) {
    Comparison *c = &made->comparison;
    LearningCurve *curve = c->curve = take(1, sizeof *curve);
    Error err = {0};
    CHECK_OK(curve_shares(curve, "0.25,0.5,1", &err), &err);
    for (int i = 0; i < 2; i++) {
        CurveEntry *entry = &curve->entries[curve->count++];
        entry->entry = c->entry_count - 2 + i;
        for (int s = 0; s < curve->share_count; s++)
            entry->points[s] = (CurvePoint){.done = true, .rows = 400 << s, .right = 1000 + 300 * s + 50 * i, .asked = 2000,
                                            .validation_accuracy = 0.5 + 0.1 * s, .seconds = 3.5};
    }
    CHECK_OK(curve_judge(curve, c, &err), &err);
}

/* Both encoders' maps, without any order: no drawing of so many texts is larger. */
static void draw(Made *made) {
    Maps *maps = &made->comparison.maps;
    Random random = random_start(5, STREAM_TEST, 0);
    maps->rows = maps->all = made->dataset.splits[SPLIT_TEST].count < MAPPED_MOST ? made->dataset.splits[SPLIT_TEST].count : MAPPED_MOST;
    maps->test = take((size_t)maps->rows, sizeof *maps->test);
    for (int i = 0; i < maps->rows; i++) maps->test[i] = i;
    for (int side = 0; side < MAP_SIDES; side++) {
        MapSide *of = &maps->sides[side];
        *of = (MapSide){.made = true, .nearest_label = 0.4 + 0.5 * side};
        snprintf(of->entry, sizeof of->entry, "%s", side ? "finetune" : "cls-logreg");
        for (int umap = 0; umap < 2; umap++) {
            TextMap *map = &of->maps[umap];
            *map = (TextMap){.variance = {0.25, 0.125}, .trustworthiness = 0.9, .nearest_label = 0.5};
            map->places = (Features){.rows = maps->rows, .channels = 2, .values = take((size_t)maps->rows * 2, sizeof(float))};
            for (int i = 0; i < 2 * maps->rows; i++) map->places.values[i] = (float)random_uniform(&random);
        }
    }
}

static Made *make_five(const Wish *wish) {
    Made *made = make(wish);
    add_audit_facts(made, wish->hostile);
    describe_model(made, wish->hostile ? HOSTILE : "models/minilm");
    answer(made, add_entry(made, "dummy", ENTRY_DUMMY), 0, true);
    answer(made, add_entry(made, "tfidf-logreg", ENTRY_WORDS), 0.85, true);
    answer(made, add_entry(made, "cls-logreg", ENTRY_FROZEN), 0.6, true);
    answer(made, add_entry(made, "mean-logreg", ENTRY_FROZEN), 0.65, true);
    EntryResult *tuned = add_entry(made, "finetune", ENTRY_FINETUNE);
    answer(made, tuned, 0.92, true);
    const Predictions *p = &tuned->predictions[SPLIT_TEST];
    for (int i = 0; wish->weak_part && i < p->rows; i++)
        if (p->predicted[i] != p->truth[i]) made->dataset.slices[made->dataset.splits[SPLIT_TEST].rows[i]] = 1;
    train(tuned, 500, 3);
    if (!wish->hostile) repeat(tuned, 3);
    tune(made);
    learn(made);
    draw(made);
    finish(made);
    return made;
}

static void test_five_entries(void **state) {
    (void)state;
    Made *made = make_five(&(Wish){.rows = {1600, 200, 2000}, .classes = 6, .weak_part = true});
    char *page = check_report(made, "five", 39);
    assert_non_null(strstr(page, "<h1>Deploy <bdi>finetune</bdi></h1>"));
    assert_non_null(strstr(page, "A frozen encoder is not enough here"));
    const char *first_screen[] = {"<h1>", "exact McNemar, p = ", "[95 % interval]", "training<br>time", "ms a text<br>(median)"};
    for (size_t i = 0; i < sizeof first_screen / sizeof *first_screen; i++) /* which one, how sure, at what price */
        assert_true(strstr(page, first_screen[i]) && strstr(page, first_screen[i]) < strstr(page, "<nav"));
    assert_non_null(strstr(page, "was best after step 500 of 500: validation accuracy 0.880, at the end"));
    assert_int_equal(count_text_in(page, "Worst errors of"), 4); /* not the dummy's */
    assert_non_null(strstr(page, "Over 3 seeds <bdi>finetune</bdi> scores"));
    assert_non_null(strstr(page, "from which texts the test has"));
    assert_non_null(strstr(page, "is better than"));
    assert_int_equal(count_text_in(page, "Most confident mistakes of"), 4);
    assert_int_equal(count_text_in(page, "Lowest losses of"), 4);
    assert_non_null(strstr(page, "<bdi>finetune</bdi> differs by no more than chance between short and long texts: right on 9"));
    assert_non_null(strstr(page, "<bdi>finetune</bdi> is weakest where <bdi>channel</bdi> is <bdi>channel</bdi>: right on 8"));
    assert_non_null(strstr(page, "With fewer than four sizes nothing is said"));
    assert_non_null(strstr(page, "doubts 2 labels, 1 of them in the test rows"));
    assert_non_null(strstr(page, "3 training rows were left out"));
    free(page);
    free_made(made);
}

static void test_hostile(void **state) {
    (void)state;
    Made *made = make_five(&(Wish){.rows = {60, 30, 90}, .classes = 3, .hostile = true, .longest = 100000});
    EntryResult *failed = add_entry(made, "</b><script>", ENTRY_FROZEN);
    failed->status = ENTRY_FAILED;
    snprintf(failed->failure.message, sizeof failed->failure.message, "<script>%s", HOSTILE);
    snprintf(made->comparison.entries[1].warning, sizeof made->comparison.entries[1].warning, "%s", HOSTILE);
    char *page = check_report(made, "hostile", 39);
    assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(page, "⟨U+202E⟩"));
    assert_non_null(strstr(page, "⟨U+001B⟩"));
    assert_non_null(strstr(page, "…"));
    assert_non_null(strstr(page, "failed:</b> &lt;script&gt;"));
    assert_true(strlen(page) < 400000);
    free(page);
    free_made(made);
}

/* In the tables too, which hold them uncut, and in compare.json. */
static void test_hostile_files(void **state) {
    (void)state;
    Made *made = make_five(&(Wish){.rows = {60, 30, 90}, .classes = 3, .hostile = true, .longest = 100000});
    const char *label = made->dataset.class_names[0];
    Error err = {0};
    write_all(&made->comparison, "report_hostile");
    CHECK_OK(report_write_tables(&made->comparison, "report_hostile", &err), &err);
    CHECK_OK(report_write_differences(&made->comparison, "report_hostile", &err), &err);
    assert_int_equal(check_csv("report_hostile", "tables/class_rows.csv", label), 1);
    assert_int_equal(check_csv("report_hostile", "tables/class_rows.csv", made->dataset.class_names[1]), 1);
    assert_int_equal(check_csv("report_hostile", "tables/class_scores.csv", label), 5);
    assert_true(check_csv("report_hostile", "tables/parts.csv", HOSTILE) > 5);
    assert_true(check_csv("report_hostile", "differences.csv", HOSTILE) > 0);
    Json *json = json_parse_file("report_hostile/compare.json", ERROR_DATA, &err);
    if (!json) fail_msg("%s", err.message);
    assert_string_equal(json_string_or(json_first(json_get(json_get(json, "data"), "labels")), ""), label);
    json_free(json);
    size_t size;
    char *text = read_whole("report_hostile", "compare.json", &size);
    assert_null(strchr(text, '\x1b'));
    free(text);
    CHECK_OK(folder_remove("report_hostile", &err), &err);
    free_made(made);
}

static void test_one_entry_two_classes(void **state) {
    (void)state;
    Made *made = make(&(Wish){.rows = {20, 5, 10}, .classes = 2});
    answer(made, add_entry(made, "tfidf-svm", ENTRY_WORDS), 0.7, false);
    finish(made);
    made->comparison.entries[0].costs =
        COSTS_UNKNOWN;
    made->comparison.entries[0].costs.train_s = 0;
    char *page = check_report(made, "one", 9);
    assert_non_null(strstr(page, "There are no two entries to compare"));
    assert_null(strstr(page, "nan"));
    assert_non_null(strstr(page, "This entry gives no probabilities"));
    free(page);
    free_made(made);
}

static void test_all_failed(void **state) {
    (void)state;
    Made *made = make(&(Wish){.rows = {20, 5, 10}, .classes = 2});
    EntryResult *failed = add_entry(made, "finetune", ENTRY_FINETUNE);
    failed->status = ENTRY_FAILED;
    snprintf(failed->failure.message, sizeof failed->failure.message, "the loss is no number at step 3");
    finish(made);
    char *page = check_report(made, "failed", 3);
    assert_non_null(strstr(page, "the loss is no number at step 3"));
    assert_non_null(strstr(page, "<h1>No entry to deploy</h1>"));
    free(page);
    free_made(made);
}

static void test_sizes(void **state) {
    (void)state;
    Made *made = make_five(&(Wish){.rows = {16000, 2000, 2000}, .classes = 6});
    char *page = check_report(made, "20000", 0);
    assert_null(strstr(page, "Too large for this page"));
    free(page);
    free_made(made);
    made = make_five(&(Wish){.rows = {8000, 2000, 20000}, .classes = 77});
    page = check_report(made, "77", 0);
    free(page);
    free_made(made);
    made = make_five(&(Wish){.rows = {3000, 1000, 3000}, .classes = 1000});
    page = check_report(made, "1000", 0);
    assert_non_null(strstr(page, "The first 200 classes"));
    free(page);
    free_made(made);
}

/* Two runs that differ in costs alone differ only inside what is marked as measured. */
static void test_measured(void **state) {
    (void)state;
    Made *made = make_five(&(Wish){.rows = {160, 40, 100}, .classes = 4});
    write_all(&made->comparison, "report_a");
    Error err = {0};
    CHECK_OK(report_write_figures(&made->comparison, "report_a", &err) && report_write_tables(&made->comparison, "report_a", &err), &err);
    for (int i = 0; i < made->comparison.entry_count; i++) {
        EntryCosts *costs = &made->comparison.entries[i].costs;
        costs->train_s = costs->train_s * 1.7 + 3;
        costs->predict_ms_p50 *= 30;
        costs->load_s = costs->peak_rss_mb = costs->model_mb = costs->texts_per_s = 77.125 * (i + 1);
        costs->predict_ms_p95 = (double)NAN;
    }
    write_all(&made->comparison, "report_b");
    CHECK_OK(report_write_figures(&made->comparison, "report_b", &err) && report_write_tables(&made->comparison, "report_b", &err), &err);
    
    assert_int_equal(system(TESTS_FOLDER "/same_run report_a report_b"), 0);
    CHECK_OK(folder_remove("report_a", &err), &err);
    CHECK_OK(folder_remove("report_b", &err), &err);
    free_made(made);
}

static void test_unwritable(void **state) {
    (void)state;
    Made *made = make_five(&(Wish){.rows = {60, 30, 90}, .classes = 3});
    Error err = {0};
    CHECK_FAILS(report_write_html(&made->comparison, "no/such/folder/report.html", &err), &err, ERROR_PATH, "no/such/folder");
    CHECK_FAILS(report_write_markdown(&made->comparison, "no/such/folder/report.md", &err), &err, ERROR_PATH, "no/such/folder");
    CHECK_FAILS(report_write_json(&made->comparison, "no/such/folder/compare.json", &err), &err, ERROR_PATH, "no/such/folder");
    free_made(made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judges),     cmocka_unit_test(test_five_entries),
        cmocka_unit_test(test_hostile),    cmocka_unit_test(test_one_entry_two_classes),
        cmocka_unit_test(test_all_failed), cmocka_unit_test(test_sizes),        cmocka_unit_test(test_hostile_files),
        cmocka_unit_test(test_measured),   cmocka_unit_test(test_unwritable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
