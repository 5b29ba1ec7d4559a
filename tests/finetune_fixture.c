#include "tests/finetune_fixture.h"

#include "tests/check.h"

#include <dirent.h>
#include <unistd.h>

#include "common/file.h"
#include "common/safetensors.h"

static int32_t *copy_ints(const SafeTensors *tensors, const char *prefix, const char *part, size_t *count) {
    char name[64];
    Error err = {0};
    snprintf(name, sizeof name, "%s%s", prefix, part);
    const StoredTensor *tensor = safetensors_find(tensors, name);
    assert_non_null(tensor);
    assert_int_equal(tensor->type, TENSOR_I32);
    *count = tensor_elements(tensor);
    int32_t *copy = mem_new(*count, sizeof *copy, &err);
    assert_non_null(copy);
    memcpy(copy, tensor->data, *count * sizeof *copy);
    return copy;
}

static void read_rows(Tokens *tokens, int32_t **labels, const SafeTensors *stored, const char *prefix) {
    size_t ids, starts, rows;
    Error err = {0};
    tokens->ids = copy_ints(stored, prefix, "ids", &ids);
    int32_t *narrow = copy_ints(stored, prefix, "starts", &starts);
    *labels = copy_ints(stored, prefix, "labels", &rows);
    tokens->rows = (int)rows;
    tokens->starts = mem_new(starts, sizeof *tokens->starts, &err);
    assert_non_null(tokens->starts);
    for (size_t i = 0; i < starts; i++) tokens->starts[i] = narrow[i];
    mem_free(narrow);
}

static void load_weights(Fixture *fixture, bool dropout) {
    Error err = {0};
    CHECK_OK(weights_load(&fixture->weights, fixture->folder, -1, NULL, 0, &err), &err);
    EncoderConfig *config = &fixture->weights.config;
    if (!dropout) config->dropout = config->attention_dropout = config->classifier_dropout = 0;
}

void fixture_open(Fixture *fixture, const char *name, int threads, bool dropout) {
    char golden[600];
    SafeTensors stored = {0};
    Error err = {0};
    *fixture = (Fixture){0};
    snprintf(fixture->folder, sizeof fixture->folder, "%s/golden/%s", TESTS_FOLDER, name);
    snprintf(golden, sizeof golden, "%s/golden.safetensors", fixture->folder);
    CHECK_OK(safetensors_open(&stored, golden, &err), &err);
    read_rows(&fixture->train_tokens, &fixture->train_labels, &stored, "train.");
    read_rows(&fixture->validation_tokens, &fixture->validation_labels, &stored, "");
    safetensors_close(&stored);
    load_weights(fixture, dropout);
    strcpy(fixture->output_dir,
           "/dev/shm/twofold-finetune-XXXXXX"); /* hundreds of checkpoints, each flushed to disk: in memory if it can be */
    if (!mkdtemp(fixture->output_dir)) {
        strcpy(fixture->output_dir, "finetune-XXXXXX");
        assert_non_null(mkdtemp(fixture->output_dir));
    }
    fixture->pool = pool_new(threads, &err);
    assert_non_null(fixture->pool);
    fixture->input = (FinetuneInput){
        .weights = &fixture->weights,
        .model_folder = fixture->folder,
        .train = {&fixture->train_tokens, fixture->train_labels, NULL, fixture->train_tokens.rows},
        .validation = {&fixture->validation_tokens, fixture->validation_labels, NULL, fixture->validation_tokens.rows},
        .output_dir = fixture->output_dir,
        .pool = fixture->pool};
}

static void free_rows(Tokens *tokens, int32_t *labels) {
    mem_free(tokens->ids);
    mem_free(tokens->starts);
    mem_free(labels);
}

void fixture_close(Fixture *fixture) {
    CHECK_OK(folder_remove(fixture->output_dir, NULL), &(Error){0});
    free_rows(&fixture->train_tokens, fixture->train_labels);
    free_rows(&fixture->validation_tokens, fixture->validation_labels);
    weights_free(&fixture->weights);
    pool_free(fixture->pool);
}

void fixture_renew(Fixture *fixture) {
    Error err = {0};
    bool dropout = fixture->weights.config.dropout > 0;
    weights_free(&fixture->weights);
    load_weights(fixture, dropout);
    CHECK_OK(folder_remove(fixture->output_dir, &err), &err);
}

void fixture_repeat_train(Fixture *fixture, int times) {
    Tokens *old = &fixture->train_tokens, new = {.rows = old->rows * times};
    Error err = {0};
    int64_t length = old->starts[old->rows];
    new.ids = mem_new((size_t)(length * times), sizeof *new.ids, &err);
    new.starts = mem_new((size_t) new.rows + 1, sizeof *new.starts, &err);
    int32_t *labels = mem_new((size_t) new.rows, sizeof *labels, &err);
    assert_true(new.ids &&new.starts &&labels);
    for (int t = 0; t < times; t++) {
        memcpy(new.ids + t *length, old->ids, (size_t)length * sizeof *new.ids);
        memcpy(labels + t * old->rows, fixture->train_labels, (size_t)old->rows * sizeof *labels);
        for (int r = 0; r <= old->rows; r++) new.starts[t * old->rows + r] = t *length + old->starts[r];
    }
    free_rows(old, fixture->train_labels);
    *old = new;
    fixture->train_labels = labels;
    fixture->input.train = (FinetuneRows){old, labels, NULL, new.rows};
}

static bool is_measured(const char *line, size_t size) {
    return memmem(line, size, "_runtime\"", 9) || memmem(line, size, "_per_second\"", 12);
}

char *fixture_read(const Fixture *fixture, const char *name) {
    char path[600];
    FileMap map = {0};
    Buffer out = {0};
    Error err = {0};
    snprintf(path, sizeof path, "%s/%s", fixture->output_dir, name);
    CHECK_OK(file_map(&map, path, ERROR_PATH, &err), &err);
    const char *text = (const char *)map.data, *end = text + map.size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t size = newline ? (size_t)(newline - text) + 1 : (size_t)(end - text);
        if (!is_measured(text, size)) buffer_add(&out, text, size);
        text += size;
    }
    file_unmap(&map);
    CHECK_OK(buffer_ok(&out, &err), &err);
    return out.data;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

char *fixture_list(const Fixture *fixture) {
    char *names[256];
    int count = 0;
    DIR *folder = opendir(fixture->output_dir);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) && count < 256;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names[count++] = strdup(entry->d_name);
    closedir(folder);
    qsort(names, (size_t)count, sizeof *names, by_name);
    Buffer out = {0};
    for (int i = 0; i < count; i++) {
        buffer_printf(&out, "%s\n", names[i]);
        free(names[i]);
    }
    assert_non_null(out.data);
    return out.data;
}
