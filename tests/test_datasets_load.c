/* From DATA to a Dataset: which files, the order of classes, splits and their promises, audit, statistics, and refusals. */
#include "tests/data_files.h"

#include "common/file.h"
#include "common/random.h"
#include "common/utf8.h"
#include "datasets/audit.h"
#include "datasets/load.h"
#include "datasets/split.h"
#include "datasets/statistics.h"

#define WORK "test_datasets_load_work"

/* Loads and keeps the notes; the caller frees both. */
static bool load(Dataset *dataset, DataOptions options, DataUse use, Buffer *notes, Error *err) {
    Observer observer = {.context = notes, .note = notes_add};
    *dataset = (Dataset){0};
    return dataset_load(dataset, &options, use, notes ? &observer : NULL, err);
}

static void load_ok(Dataset *dataset, DataOptions options, DataUse use, Buffer *notes) {
    Error err = {0};
    CHECK_OK(load(dataset, options, use, notes, &err), &err);
}

static void load_fails(DataOptions options, DataUse use, ErrorKind kind, const char *sentence) {
    Dataset dataset;
    Error err = {0};
    CHECK_FAILS(load(&dataset, options, use, NULL, &err), &err, kind, sentence);
    dataset_free(&dataset);
}

static DataOptions data_at(const char *path) {
    DataOptions options = DATA_DEFAULTS;
    options.data = path;
    return options;
}

/* A folder of the test's own with files name, content, name, content, …, NULL. */
static void make_folder(const char *folder, const char *const *files) {
    Error err = {0};
    CHECK_OK(folder_remove(folder, &err), &err);
    CHECK_OK(folder_make(folder, &err), &err);
    for (; *files; files += 2) {
        Path path;
        CHECK_OK(path_make(&path, &err, "%s/%s", folder, files[0]), &err);
        write_text(path.text, files[1]);
    }
}

#define FOLDER(folder, ...) make_folder(folder, (const char *const[]){__VA_ARGS__, NULL})

/* n rows "text i,c(i mod classes)" with the given beginning of each text. */
static void write_rows(const char *path, const char *word, int n, int classes) {
    Buffer csv = {0};
    buffer_text(&csv, "text,label\n");
    for (int i = 0; i < n; i++) buffer_printf(&csv, "%s %d,c%d\n", word, i, i % classes);
    write_text(path, csv.data);
    buffer_free(&csv);
}

static void check_text(const Dataset *dataset, int row, const char *expected) {
    size_t size;
    const char *text = dataset_text(dataset, row, &size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void check_classes(const Dataset *dataset, const char *expected) {
    Buffer names = {0};
    for (int k = 0; k < dataset->classes; k++) buffer_printf(&names, "%s%s", k ? " " : "", dataset->class_names[k]);
    assert_string_equal(names.data, expected);
    buffer_free(&names);
}

static void check_labels(const Dataset *dataset, const char *expected) {
    Buffer labels = {0};
    for (int i = 0; i < dataset->rows; i++) buffer_printf(&labels, "%s%d", i ? " " : "", (int)dataset->labels[i]);
    assert_string_equal(labels.data, expected);
    buffer_free(&labels);
}

/* ---- classes ---- */

static void check_order(const char *rows, const char *label_names, const char *classes, const char *labels) {
    Dataset dataset;
    DataOptions options = data_at(WORK "/order.txt");
    options.label_names = label_names;
    write_text(WORK "/order.txt", rows);
    load_ok(&dataset, options, DATA_AS_GIVEN, NULL);
    check_classes(&dataset, classes);
    check_labels(&dataset, labels);
    dataset_free(&dataset);
}

static void classes_have_an_order(void **state) {
    (void)state;
    check_order("a;joy\nb;anger\nc;joy\nd;Z\n", NULL, "Z anger joy", "2 1 2 0");
    check_order("a;10\nb;9\nc;-1\n", NULL, "-1 9 10", "2 1 0");
    check_order("a;10\nb;9\nc;x\n", NULL, "10 9 x", "0 1 2");
    check_order("a;01\nb;1\n", NULL, "01 1", "0 1");
    check_order("a;joy\nb;anger\n", "joy,sadness,anger", "joy sadness anger", "0 2");
    check_order("a;2\nb;0\nc;1\n", "sadness,joy,love", "sadness joy love", "2 0 1");
    check_order("a;5\nb;1\nc;3\n", "low,mid,high", "low mid high", "2 0 1");  /* as many as names: named in order */
    check_order("a;2\nb;1\n", "sadness,joy,love", "sadness joy love", "2 1"); /* fewer: counted from 0 */
    check_order("a;2\nb;1\n", "1,2,3", "1 2 3", "1 0");                       /* the names themselves are integers */
    DataOptions options = data_at(WORK "/order.txt");
    write_text(WORK "/order.txt", "a;joy\nb;fear\nc;joy\n");
    options.label_names = "joy,anger";
    load_fails(options, DATA_AS_GIVEN, ERROR_DATA, "order.txt:2: label 'fear' is not among --label_names: joy, anger");
    options.label_names = "joy,fear,joy";
    load_fails(options, DATA_AS_GIVEN, ERROR_USAGE, "'joy' stands twice");
    options.class_names = (const char *const[]){"anger", "joy"};
    options.class_count = 2;
    load_fails(options, DATA_AS_GIVEN, ERROR_DATA, "order.txt:2: label 'fear' is not among the model's classes: anger, joy");
    write_text(WORK "/order.txt", "a;0\nb;7\n");
    options = data_at(WORK "/order.txt");
    options.label_names = "a,b,c";
    load_fails(options, DATA_AS_GIVEN, ERROR_DATA, "order.txt:2: label '7' is not among --label_names: a, b, c");
}

/* ---- files ---- */

static void a_folder_has_its_splits(void **state) {
    (void)state;
    Dataset dataset;
    Buffer notes = {0}, id = {0};
    FOLDER(WORK "/f", "train.csv", "text,label\na,x\n\"b\nb\",y\nc,x\n", "val.txt", "d;x\n", "test.jsonl",
           "{\"text\": \"e\", \"label\": \"y\"}\n", "README.md", "#");
    load_ok(&dataset, data_at(WORK "/f"), DATA_FOR_TRAINING, &notes);
    assert_int_equal(dataset.rows, 5);
    check_text(&dataset, 1, "b\nb");
    check_text(&dataset, 4, "e");
    check_labels(&dataset, "0 1 0 0 1");
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 3);
    assert_int_equal(dataset.splits[SPLIT_VALIDATION].rows[0], 3);
    assert_int_equal(dataset.splits[SPLIT_TEST].rows[0], 4);
    dataset_add_id(&id, &dataset, 2);
    assert_string_equal(id.data, "train.csv:5");
    assert_null(notes.data); /* nothing was decided for the user */
    assert_string_equal(dataset.detected,
                        "CSV with ',', UTF-8, header; text 'text', label 'label'; val.txt: `text;label` lines, UTF-8; "
                        "test.jsonl: JSONL, UTF-8; text 'text', label 'label'");
    buffer_free(&id);
    dataset_free(&dataset);
}

static void missing_splits_are_cut_and_said(void **state) {
    (void)state;
    Dataset dataset;
    Buffer notes = {0};
    make_folder(WORK "/g", (const char *const[]){NULL});
    write_rows(WORK "/g/train.csv", "train", 100, 2);
    write_rows(WORK "/g/test.csv", "test", 10, 2);
    load_ok(&dataset, data_at(WORK "/g"), DATA_FOR_TRAINING, &notes);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 90);
    assert_int_equal(dataset.splits[SPLIT_VALIDATION].count, 10);
    assert_int_equal(dataset.splits[SPLIT_TEST].count, 10);
    assert_string_equal(
        notes.data,
        "no validation file: 10 of the 100 rows of train.csv validate (10 %, by class, seed 42, equal texts on one side)\n");
    dataset_free(&dataset);
    notes.size = 0;
    assert_int_equal(rename(WORK "/g/test.csv", WORK "/g/dev.csv"), 0);
    load_ok(&dataset, data_at(WORK "/g"), DATA_FOR_TRAINING, &notes);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 90);
    assert_int_equal(dataset.splits[SPLIT_VALIDATION].count, 10);
    assert_int_equal(dataset.splits[SPLIT_TEST].rows[0], 100);
    assert_true(dataset.splits[SPLIT_VALIDATION].rows[9] < 100);
    assert_non_null(strstr(notes.data, "no test file: the rows of dev.csv test, and others are cut from train.csv to validate"));
    dataset_free(&dataset);
    notes.size = 0;
    load_ok(&dataset, data_at(WORK "/g/train.csv"), DATA_FOR_TRAINING, &notes);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 80);
    assert_string_equal(
        notes.data,
        "train.csv is split here: 80 train, 10 validation, 10 test rows (by class, seed 42, equal texts on one side)\n");
    dataset_free(&dataset);
    DataOptions options = DATA_DEFAULTS;
    options.train_file = WORK "/g/train.csv";
    options.split = "70,15,15";
    load_ok(&dataset, options, DATA_FOR_TRAINING, &notes);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 70);
    dataset_free(&dataset);
    buffer_free(&notes);
}

static void as_given_cuts_nothing(void **state) {
    (void)state;
    Dataset dataset;
    write_rows(WORK "/one.csv", "row", 7, 1);
    load_ok(&dataset, data_at(WORK "/one.csv"), DATA_AS_GIVEN, NULL);
    assert_true(dataset.whole);
    assert_int_equal(dataset.splits[SPLIT_TEST].count, 7);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 0);
    dataset_free(&dataset);
    write_text(WORK "/bare.csv", "id,text\n1,a\n2,b\n");
    load_ok(&dataset, data_at(WORK "/bare.csv"), DATA_MAYBE_UNLABELLED, NULL);
    check_labels(&dataset, "-1 -1");
    assert_int_equal(dataset.classes, 0);
    dataset_free(&dataset);
    DataOptions options = DATA_DEFAULTS;
    options.test_file = WORK "/one.csv";
    load_ok(&dataset, options, DATA_AS_GIVEN, NULL);
    assert_false(dataset.whole);
    assert_int_equal(dataset.splits[SPLIT_TEST].count, 7);
    dataset_free(&dataset);
}

/* Without names the first file decides for all: guessed alone, dev.csv here would go the other way. */
static void files_are_not_guessed_apart(void **state) {
    (void)state;
    Dataset dataset;
    FOLDER(WORK "/h", "train.tsv", "x\ta b\ny\tb c\nx\tc d\ny\td\n", "dev.tsv", "x\tsame\ny\tsame\n", "test.tsv", "x\tz\n");
    load_ok(&dataset, data_at(WORK "/h"), DATA_FOR_TRAINING, NULL);
    check_classes(&dataset, "x y");
    check_text(&dataset, 4, "same");
    dataset_free(&dataset);
}

static void odd_folders_are_refused(void **state) {
    (void)state;
    FOLDER(WORK "/i", "data.parquet", "PAR1", "notes.md", "");
    load_fails(data_at(WORK "/i"), DATA_FOR_TRAINING, ERROR_DATA, "found data.parquet, notes.md; Arrow and Parquet are not read");
    FOLDER(WORK "/i", "train.csv", "text,label\na,x\n", "train.jsonl", "");
    load_fails(data_at(WORK "/i"), DATA_FOR_TRAINING, ERROR_DATA, "both train.csv and train.jsonl could be the train rows");
    FOLDER(WORK "/i", "test.csv", "text,label\na,x\n");
    load_fails(data_at(WORK "/i"), DATA_FOR_TRAINING, ERROR_DATA, "no training rows: found test.csv");
    load_fails(data_at(WORK "/nowhere"), DATA_FOR_TRAINING, ERROR_PATH, "nowhere: cannot be opened");
    load_fails(DATA_DEFAULTS, DATA_FOR_TRAINING, ERROR_USAGE, "no data");
    DataOptions options = data_at(WORK "/i");
    options.train_file = "x";
    load_fails(options, DATA_FOR_TRAINING, ERROR_USAGE, "exclude each other");
}

static void rows_are_refused(void **state) {
    (void)state;
    write_text(WORK "/r.csv", "text,label\na,x\nb,x\nc,x\n");
    load_fails(data_at(WORK "/r.csv"), DATA_FOR_TRAINING, ERROR_DATA, "r.csv: a single class ('x'), expected two or more");
    write_text(WORK "/r.csv", "text,label\n");
    load_fails(data_at(WORK "/r.csv"), DATA_FOR_TRAINING, ERROR_DATA, "r.csv: a header and no rows");
    FOLDER(WORK "/r", "train.csv", "text,label\na,x\nb,y\n", "val.csv", "text,label\na,x\n", "test.csv",
           "text,label\na,x\nb,z\n");
    load_fails(data_at(WORK "/r"), DATA_FOR_TRAINING, ERROR_DATA,
               "test.csv:3: label 'z' is unseen in training: no row of train.csv has it");
    DataOptions options = data_at(WORK "/r");
    options.label_names = "x,y,z,w";
    load_fails(options, DATA_FOR_TRAINING, ERROR_DATA, "label 'z' is unseen");
    options = data_at(WORK "/r.csv");
    options.split = "80,20";
    load_fails(options, DATA_FOR_TRAINING, ERROR_USAGE, "--split '80,20': expected three positive numbers");
    options.split = "80,10,11";
    load_fails(options, DATA_FOR_TRAINING, ERROR_USAGE, "sum to 101, expected 100");
}

static void rare_classes_are_named(void **state) {
    (void)state;
    Dataset dataset;
    Buffer notes = {0}, csv = {0};
    buffer_text(&csv, "text,label\nr,rare\nr,rare\nr2,rare\ns,seldom\n");
    for (int i = 0; i < 40; i++) buffer_printf(&csv, "t%d,%c\n", i, "ab"[i % 2]);
    write_text(WORK "/rare.csv", csv.data);
    DataOptions options = data_at(WORK "/rare.csv");
    load_fails(options, DATA_FOR_TRAINING, ERROR_DATA,
               "rare.csv: 2 classes are too rare to split, with fewer than 3 different texts: 'rare' (2), 'seldom' (1); "
               "--drop_rare leaves them out");
    options.drop_rare = true;
    load_ok(&dataset, options, DATA_FOR_TRAINING, &notes);
    check_classes(&dataset, "a b");
    assert_int_equal(dataset.splits[0].count + dataset.splits[1].count + dataset.splits[2].count, 40);
    assert_non_null(strstr(notes.data, "left out as too rare to split (different texts): 'rare' (2), 'seldom' (1); 4 rows"));
    dataset_free(&dataset);
    buffer_free(&notes);
    buffer_free(&csv);
}

static void leaks_are_dropped(void **state) {
    (void)state;
    Dataset dataset;
    Buffer notes = {0};
    FOLDER(WORK "/l", "train.txt", "a;x\nb;x\nc;y\nd;y\nd;y\n", "val.txt", "a;y\ne;x\n", "test.txt", "d;x\ne;y\n");
    DataOptions options = data_at(WORK "/l");
    options.drop_leaks = "train";
    load_ok(&dataset, options, DATA_FOR_TRAINING, &notes);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 2);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].rows[0], 1);
    assert_int_equal(dataset.splits[SPLIT_VALIDATION].count, 2);
    assert_string_equal(notes.data, "3 training rows are left out, whose text also stands in validation or test\n");
    dataset_free(&dataset);
    buffer_free(&notes);
    options.drop_leaks = "test";
    load_fails(options, DATA_FOR_TRAINING, ERROR_USAGE, "--drop_leaks 'test': expected none, train or near");
}

/* ---- what a split promises ---- */

typedef struct Cut {
    int rows, classes;
    int32_t *labels, *first;
    RowList list;
    uint8_t *side;
} Cut;

/* Random labels of uneven classes; one text in `repeats` (0: none) is that of an earlier row. */
static void cut_make(Cut *cut, int rows, int classes, uint32_t repeats, uint64_t seed) {
    Error err = {0};
    Random random = random_start(seed, STREAM_TEST, 0);
    *cut = (Cut){rows,
                 classes,
                 mem_new((size_t)rows, sizeof(int32_t), &err),
                 mem_new((size_t)rows, sizeof(int32_t), &err),
                 {0},
                 mem_new((size_t)rows, 1, &err)};
    cut->list = (RowList){mem_new((size_t)rows, sizeof(int), &err), rows};
    for (int i = 0; i < rows; i++) {
        uint32_t a = random_below(&random, (uint32_t)classes), b = random_below(&random, (uint32_t)classes);
        cut->list.rows[i] = i;
        cut->labels[i] = i < classes * 3 ? i % classes : (int32_t)(a < b ? a : b);
        cut->first[i] = i;
        if (repeats && i >= classes * 3 && random_below(&random, repeats) == 0)
            cut->first[i] = cut->first[random_below(&random, (uint32_t)i)];
    }
}

static void cut_free(Cut *cut) {
    mem_free(cut->labels);
    mem_free(cut->first);
    mem_free(cut->list.rows);
    mem_free(cut->side);
}

static void cut_run(const Cut *cut, uint64_t seed, const double shares[SPLIT_COUNT]) {
    Error err = {0};
    SplitTask task = {&cut->list, cut->labels, cut->first, cut->classes, {shares[0], shares[1], shares[2]}, seed};
    CHECK_OK(split_stratify(&task, cut->side, &err), &err);
}

static void splits_keep_their_promises(void **state) {
    (void)state;
    static const double shares[][SPLIT_COUNT] = {{0.8, 0.1, 0.1}, {0.7, 0.15, 0.15}, {0.9, 0.1, 0}, {0.34, 0.33, 0.33}};
    for (uint64_t seed = 0; seed < 200; seed++) {
        Cut cut;
        const double *share = shares[seed % 4];
        int repeats = seed % 3 == 0 ? 0 : 1 + (int)(seed % 5);
        cut_make(&cut, 30 + (int)(seed * 7) % 900, 2 + (int)(seed % 7), (uint32_t)repeats, seed);
        cut_run(&cut, seed, share);
        for (int i = 0; i < cut.rows; i++) assert_int_equal(cut.side[i], cut.side[cut.first[i]]);
        int total[SPLIT_COUNT] = {0};
        bool roomy = cut.rows >= 300; /* hardly a class is due less than one row */
        for (int k = 0; k < cut.classes; k++) {
            int counts[SPLIT_COUNT] = {0}, all = 0;
            for (int i = 0; i < cut.rows; i++)
                if (cut.labels[cut.first[i]] == k) {
                    counts[cut.side[i]]++;
                    total[cut.side[i]]++;
                    all++;
                }
            for (int split = 0; split < SPLIT_COUNT; split++) {
                if (share[split] > 0 && !counts[split])
                    fail_msg("seed %d: class %d has no row in %s", (int)seed, k, split_name((Split)split));
                if (!repeats && roomy && fabs(counts[split] - all * share[split]) > (split == SPLIT_TRAIN ? 2.0 : 1.0) + 1e-9)
                    fail_msg("seed %d: class %d has %d of %d rows in %s", (int)seed, k, counts[split], all,
                             split_name((Split)split));
            }
        }
        if (!repeats)
            for (int split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
                if (share[split] > 0 && fabs(total[split] - fmax(cut.rows * share[split], cut.classes)) > 0.5 + 1e-9)
                    fail_msg("seed %d: %d of %d in %s", (int)seed, total[split], cut.rows, split_name((Split)split));
        cut_free(&cut);
    }
}

static void splits_depend_on_the_seed_alone(void **state) {
    (void)state;
    static const double shares[SPLIT_COUNT] = {0.8, 0.1, 0.1};
    Cut a, b;
    int different = 0;
    cut_make(&a, 1000, 5, 4, 7);
    cut_make(&b, 1000, 5, 4, 7);
    cut_run(&a, 1, shares);
    cut_run(&b, 1, shares);
    assert_memory_equal(a.side, b.side, 1000);
    cut_run(&b, 2, shares);
    for (int i = 0; i < 1000; i++) different += a.side[i] != b.side[i];
    assert_true(different > 100);
    cut_free(&a);
    cut_free(&b);
}

static void samples_are_drawn_by_class(void **state) {
    (void)state;
    Dataset dataset;
    Buffer notes = {0};
    int64_t counts[4];
    write_rows(WORK "/many.csv", "many", 1000, 4);
    DataOptions options = data_at(WORK "/many.csv");
    options.max_train_samples = 101;
    options.max_predict_samples = 8;
    load_ok(&dataset, options, DATA_FOR_TRAINING, &notes);
    assert_int_equal(dataset.splits[SPLIT_TRAIN].count, 101);
    assert_int_equal(dataset.splits[SPLIT_VALIDATION].count, 100);
    assert_int_equal(dataset.splits[SPLIT_TEST].count, 8);
    dataset_count_classes(&dataset, SPLIT_TEST, counts);
    for (int k = 0; k < 4; k++) assert_int_equal(counts[k], 2);
    for (int i = 1; i < 101; i++) assert_true(dataset.splits[SPLIT_TRAIN].rows[i - 1] < dataset.splits[SPLIT_TRAIN].rows[i]);
    assert_non_null(strstr(notes.data, "101 of the 800 train rows are used, drawn by class (seed 42)"));
    buffer_free(&notes);
    dataset_free(&dataset);
}

/* ---- identity and files ---- */

static void the_sha_knows_every_change(void **state) {
    (void)state;
    static const char *const rows[] = {"a;x\nb;y\nc;x\n", "a;x\nb;y\nc;y\n", "a;x\nb ;y\nc;x\n", "ab;x\n;y\nc;x\n",
                                       "\na;x\nb;y\nc;x\n"};
    Sha256Hex seen[sizeof rows / sizeof *rows];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Dataset dataset;
        write_text(WORK "/sha.txt", rows[i]);
        load_ok(&dataset, data_at(WORK "/sha.txt"), DATA_AS_GIVEN, NULL);
        seen[i] = dataset_sha256(&dataset);
        for (size_t j = 0; j < i; j++) assert_string_not_equal(seen[i].text, seen[j].text);
        dataset_free(&dataset);
    }
    Dataset a, b, c;
    write_rows(WORK "/sha.csv", "row", 50, 2);
    DataOptions options = data_at(WORK "/sha.csv");
    load_ok(&a, options, DATA_FOR_TRAINING, NULL);
    load_ok(&b, options, DATA_FOR_TRAINING, NULL);
    options.seed = 43;
    load_ok(&c, options, DATA_FOR_TRAINING, NULL);
    assert_string_equal(dataset_sha256(&a).text, dataset_sha256(&b).text);
    assert_string_not_equal(dataset_sha256(&a).text, dataset_sha256(&c).text);
    dataset_free(&a);
    dataset_free(&b);
    dataset_free(&c);
}

static void check_file(const char *path, const char *expected) {
    Error err = {0};
    FileMap map;
    CHECK_OK(file_map(&map, path, ERROR_PATH, &err), &err);
    assert_int_equal(map.size, strlen(expected));
    assert_memory_equal(map.data, expected, map.size);
    file_unmap(&map);
}

static void splits_csv_is_written(void **state) {
    (void)state;
    Dataset dataset;
    Error err = {0};
    FOLDER(WORK "/s", "train.txt", "abc;x\n\nb;y\n", "val.txt", ";x\n", "test.txt", "b;y\n");
    load_ok(&dataset, data_at(WORK "/s"), DATA_FOR_TRAINING, NULL);
    CHECK_OK(dataset_write_splits(&dataset, WORK "/splits.csv", &err), &err);
    check_file(WORK "/splits.csv", "file,line,split,sha256\n"
                                   "train.txt,1,train,ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
                                   "train.txt,3,train,3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\n"
                                   "val.txt,1,validation,e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
                                   "test.txt,1,test,3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\n");
    dataset_free(&dataset);
}

/* ---- audit and statistics ---- */

static void the_audit_finds_everything(void **state) {
    (void)state;
    Dataset dataset;
    Audit audit = {0};
    Error err = {0};
    FOLDER(WORK "/a", "train.txt", "a;x\na;x\nb;x\nb;y\nc;y\n;x\n", "val.txt", "c;x\nc;y\nd;x\n", "test.txt",
           "a;x\na;y\nd;y\nb;y\ne;x\n");
    load_ok(&dataset, data_at(WORK "/a"), DATA_FOR_TRAINING, NULL);
    CHECK_OK(audit_run(&audit, &dataset, &err), &err);
    assert_int_equal(audit.duplicates[SPLIT_TRAIN], 2);
    assert_int_equal(audit.duplicates[SPLIT_VALIDATION], 1);
    assert_int_equal(audit.duplicates[SPLIT_TEST], 1);
    assert_int_equal(audit.conflicts[SPLIT_TRAIN], 1);
    assert_int_equal(audit.conflicts[SPLIT_VALIDATION], 1);
    assert_int_equal(audit.conflicts[SPLIT_TEST], 1);
    assert_int_equal(audit.leaks[SPLIT_VALIDATION][SPLIT_TRAIN], 2);
    assert_int_equal(audit.leaks_otherwise[SPLIT_VALIDATION][SPLIT_TRAIN], 1);
    assert_int_equal(audit.leaks[SPLIT_TEST][SPLIT_TRAIN], 3);
    assert_int_equal(audit.leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN], 1); /* b;y: the text has that label in train too */
    assert_int_equal(audit.leaks[SPLIT_TEST][SPLIT_VALIDATION], 1);
    assert_int_equal(audit.leaks_otherwise[SPLIT_TEST][SPLIT_VALIDATION], 1);
    assert_int_equal(audit.leaks[SPLIT_TRAIN][SPLIT_TEST], 4);
    assert_int_equal(audit.conflict_texts, 4);
    assert_int_equal(audit.empty[SPLIT_TRAIN], 1);
    CHECK_OK(audit_write_csv(&audit, &dataset, WORK "/audit.csv", &err), &err);
    check_file(WORK "/audit.csv", "problem,id,split,label,other_id,other_split,other_label,text,other_text,score\n"
                                  "duplicate,train.txt:2,train,x,train.txt:1,train,x,a,,1\n"
                                  "conflict,test.txt:1,test,x,test.txt:2,test,y,a,,1\n"
                                  "leak,test.txt:1,test,x,train.txt:1,train,x,a,,1\n"
                                  "duplicate,test.txt:2,test,y,test.txt:1,test,x,a,,1\n"
                                  "conflict,test.txt:2,test,y,test.txt:1,test,x,a,,1\n"
                                  "leak,test.txt:2,test,y,train.txt:1,train,x,a,,1\n"
                                  "conflict,train.txt:3,train,x,train.txt:4,train,y,b,,1\n"
                                  "duplicate,train.txt:4,train,y,train.txt:3,train,x,b,,1\n"
                                  "conflict,train.txt:4,train,y,train.txt:3,train,x,b,,1\n"
                                  "leak,test.txt:4,test,y,train.txt:3,train,x,b,,1\n"
                                  "conflict,val.txt:1,validation,x,val.txt:2,validation,y,c,,1\n"
                                  "leak,val.txt:1,validation,x,train.txt:5,train,y,c,,1\n"
                                  "duplicate,val.txt:2,validation,y,val.txt:1,validation,x,c,,1\n"
                                  "conflict,val.txt:2,validation,y,val.txt:1,validation,x,c,,1\n"
                                  "leak,val.txt:2,validation,y,train.txt:5,train,y,c,,1\n"
                                  "leak,test.txt:3,test,y,val.txt:3,validation,x,d,,1\n");
    audit_free(&audit);
    dataset_free(&dataset);
}

/* ---- --slice_column ---- */

static void check_slices(const Dataset *dataset, const char *const *expected) {
    assert_non_null(dataset->slices);
    for (int row = 0; row < dataset->rows; row++) assert_string_equal(dataset->slice_names[dataset->slices[row]], expected[row]);
}

static void a_column_cuts_rows_into_parts(void **state) {
    (void)state;
    Dataset dataset;
    DataOptions options;
    static const char *const VALUES[] = {"web", "app, old", "", "web", "app, old", "web"};
    write_text(WORK "/parts.csv", "text,label,channel\na,x,web\nb,y,\"app, old\"\nc,x,\nd,y,web\ne,x,\"app, old\"\nf,y,web\n");
    write_text(WORK "/parts.jsonl", "{\"text\": \"a\", \"label\": 1, \"channel\": \"web\"}\n{\"text\": \"b\", \"label\": 2, \"channel\": \"app, "
                                    "old\"}\n{\"text\": \"c\", \"label\": 1, \"channel\": null}\n{\"text\": \"d\", \"label\": 2, \"channel\": "
                                    "\"web\"}\n{\"channel\": \"app, old\", \"text\": \"e\", \"label\": 1}\n{\"text\": \"f\", \"label\": 2, "
                                    "\"channel\": \"web\"}\n");
    static const char *const FILES[] = {WORK "/parts.csv", WORK "/parts.jsonl"};
    for (size_t i = 0; i < 2; i++) {
        options = data_at(FILES[i]);
        options.slice_column = "channel";
        load_ok(&dataset, options, DATA_AS_GIVEN, NULL);
        assert_string_equal(dataset.slice_column, "channel");
        assert_int_equal(dataset.slice_count, 3);
        check_slices(&dataset, VALUES);
        dataset_free(&dataset);
        options.slice_column = "device";
        load_fails(options, DATA_AS_GIVEN, ERROR_DATA, "no column 'device': found text, label, channel");
    }
    write_text(WORK "/numbers.jsonl", "{\"text\": \"a\", \"label\": 1, \"n\": 3.50}\n{\"text\": \"b\", \"label\": 2, \"n\": true}\n{\"text\": \"c\", "
                                      "\"label\": 2}\n");
    options = data_at(WORK "/numbers.jsonl");
    options.slice_column = "n";
    load_ok(&dataset, options, DATA_AS_GIVEN, NULL);
    check_slices(&dataset, (const char *const[]){"3.50", "true", ""});
    dataset_free(&dataset);
    write_text(WORK "/list.jsonl", "{\"text\": \"a\", \"label\": 1, \"n\": []}\n");
    options = data_at(WORK "/list.jsonl");
    options.slice_column = "n";
    load_fails(options, DATA_AS_GIVEN, ERROR_DATA, "list.jsonl:1: 'n' is an array, expected a string or a number");
    write_text(WORK "/plain.txt", "a;x\nb;y\n");
    options = data_at(WORK "/plain.txt");
    options.slice_column = "n";
    load_fails(options, DATA_AS_GIVEN, ERROR_USAGE, "--slice_column 'n' needs a file with columns");
}

static void quantiles_are_numpys(void **state) {
    (void)state;
    static const int32_t values[] = {7, 1, 4, 4, 9, 2, 30, 3};
    Summary summary;
    Error err = {0};
    CHECK_OK(summary_make(&summary, values, 8, &err), &err);
    assert_int_equal(summary.min, 1);
    assert_int_equal(summary.max, 30);
    CHECK_CLOSE(summary.mean, 7.5, 0, 0);
    CHECK_CLOSE(summary.q1, 2.75, 0, 1e-15); /* numpy.percentile(values, [25, 50, 75, 95]) */
    CHECK_CLOSE(summary.median, 4, 0, 1e-15);
    CHECK_CLOSE(summary.q3, 7.5, 0, 1e-15);
    CHECK_CLOSE(summary.p95, 22.65, 0, 1e-14);
    CHECK_OK(summary_make(&summary, values, 0, &err), &err);
    assert_int_equal(summary.count, 0);
    assert_int_equal(text_count_words(BYTES("")), 0);
    assert_int_equal(text_count_words(BYTES(" a\tb\xc2\xa0"
                                            "c\xe3\x80\x80"
                                            "d\0e \xe2\x80\x8b ")),
                     5); /* U+200B is no space */
    assert_int_equal(text_count_characters(BYTES("a\xc3\xa9\xf0\x9f\x98\x80")), 3);
}

static void balance_is_measured(void **state) {
    (void)state;
    static const int64_t even[] = {5, 5}, uneven[] = {9, 1}, gap[] = {3, 0};
    CHECK_CLOSE(balance_entropy(even, 2), 1, 0, 1e-15);
    CHECK_CLOSE(balance_entropy(uneven, 2), 0.4689955935892812, 0, 1e-14); /* scipy.stats.entropy([9, 1], base=2) */
    CHECK_CLOSE(balance_ratio(uneven, 2), 9, 0, 0);
    assert_true(isinf(balance_ratio(gap, 2)));
}

int main(void) {
    Error err = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_have_an_order),
        cmocka_unit_test(a_folder_has_its_splits),
        cmocka_unit_test(missing_splits_are_cut_and_said),
        cmocka_unit_test(as_given_cuts_nothing),
        cmocka_unit_test(files_are_not_guessed_apart),
        cmocka_unit_test(odd_folders_are_refused),
        cmocka_unit_test(rows_are_refused),
        cmocka_unit_test(rare_classes_are_named),
        cmocka_unit_test(leaks_are_dropped),
        cmocka_unit_test(splits_keep_their_promises),
        cmocka_unit_test(splits_depend_on_the_seed_alone),
        cmocka_unit_test(samples_are_drawn_by_class),
        cmocka_unit_test(the_sha_knows_every_change),
        cmocka_unit_test(splits_csv_is_written),
        cmocka_unit_test(the_audit_finds_everything),
        cmocka_unit_test(a_column_cuts_rows_into_parts),
        cmocka_unit_test(quantiles_are_numpys),
        cmocka_unit_test(balance_is_measured),
    };
    if (!folder_make(WORK, &err)) return 1;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    if (!folder_remove(WORK, &err)) return 1;
    return status;
}
