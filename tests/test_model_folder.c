/* A model by name: folders, the Hugging Face cache as huggingface_hub lays it out, and what is refused. */
#include "check.h"

#include <unistd.h>

#include "common/model_folder.h"

static char home[] = "/tmp/twofold-model-folder-XXXXXX";

static void put(const char *name, const char *text) {
    Error err = {0};
    Path path;
    CHECK_OK(path_make(&path, &err, "%s/%s", home, name), &err);
    char *slash = strrchr(path.text, '/');
    *slash = '\0';
    CHECK_OK(folder_make(path.text, &err), &err);
    *slash = '/';
    CHECK_OK(file_write(path.text, text, strlen(text), &err), &err);
}

static void check_found(const char *name, const char *expected) {
    Error err = {0};
    Path folder;
    CHECK_OK(model_folder_find(&folder, name, &err), &err);
    assert_int_equal(strncmp(folder.text, home, strlen(home)), 0);
    assert_string_equal(folder.text + strlen(home) + 1, expected);
}

static void test_folder(void **state) {
    (void)state;
    Error err = {0};
    Path path;
    put("mine/config.json", "{}");
    CHECK_OK(path_make(&path, &err, "%s/mine", home), &err);
    check_found(path.text, "mine");
    CHECK_OK(path_make(&path, &err, "%s/mine/config.json", home), &err);
    Path found;
    CHECK_FAILS(model_folder_find(&found, path.text, &err), &err, ERROR_MODEL, "a file, expected the folder it lies in");
    CHECK_FAILS(model_folder_find(&found, "", &err), &err, ERROR_MODEL, "empty");
    CHECK_FAILS(model_folder_find(&found, "./no/such", &err), &err, ERROR_MODEL,
                "./no/such: not a folder. Needed: a folder with config.json, model.safetensors");
}

static void test_cache(void **state) {
    (void)state;
    put("hub/models--distilbert--base/refs/main", "abc123\n");
    put("hub/models--distilbert--base/snapshots/abc123/config.json", "{}");
    put("hub/models--plain/refs/main", "def");
    put("hub/models--plain/snapshots/def/config.json", "{}");
    check_found("distilbert/base", "hub/models--distilbert--base/snapshots/abc123");
    check_found("plain", "hub/models--plain/snapshots/def");

    Path found;
    Error err = {0};
    CHECK_FAILS(model_folder_find(&found, "distilbert-base-uncased", &err), &err, ERROR_MODEL,
                "distilbert-base-uncased: not a folder, and not in the Hugging Face cache (");
    put("hub/models--stale/refs/main", "gone");
    CHECK_FAILS(model_folder_find(&found, "stale", &err), &err, ERROR_MODEL, "not in the Hugging Face cache");
    put("hub/models--evil/refs/main", "../../../mine");
    CHECK_FAILS(model_folder_find(&found, "evil", &err), &err, ERROR_MODEL, "not in the Hugging Face cache");
    put("hub/models--dots/refs/main", "..");
    CHECK_FAILS(model_folder_find(&found, "dots", &err), &err, ERROR_MODEL, "not in the Hugging Face cache");
    put("hub/models--empty/refs/main", "");
    CHECK_FAILS(model_folder_find(&found, "empty", &err), &err, ERROR_MODEL, "not in the Hugging Face cache");
}

static void test_environment(void **state) {
    (void)state;
    put("other/hub/models--where/refs/main", "home");
    put("other/hub/models--where/snapshots/home/config.json", "{}");
    put("third/huggingface/hub/models--where/refs/main", "cache");
    put("third/huggingface/hub/models--where/snapshots/cache/config.json", "{}");
    put("fourth/.cache/huggingface/hub/models--where/refs/main", "usual");
    put("fourth/.cache/huggingface/hub/models--where/snapshots/usual/config.json", "{}");
    char value[4200];
    snprintf(value, sizeof value, "%s/other", home);
    setenv("HF_HOME", value, 1);
    snprintf(value, sizeof value, "%s/third", home);
    setenv("XDG_CACHE_HOME", value, 1);
    snprintf(value, sizeof value, "%s/fourth", home);
    setenv("HOME", value, 1);
    char *cache = strdup(getenv("HF_HUB_CACHE"));
    unsetenv("HF_HUB_CACHE");
    check_found("where", "other/hub/models--where/snapshots/home");
    unsetenv("HF_HOME");
    check_found("where", "third/huggingface/hub/models--where/snapshots/cache");
    unsetenv("XDG_CACHE_HOME");
    check_found("where", "fourth/.cache/huggingface/hub/models--where/snapshots/usual");
    setenv("HF_HUB_CACHE", cache, 1);
    free(cache);
}

static void test_pickle(void **state) {
    (void)state;
    Error err = {0};
    Path path, found;
    put("pickled/config.json", "{}");
    put("pickled/pytorch_model.bin", "x");
    CHECK_OK(path_make(&path, &err, "%s/pickled", home), &err);
    CHECK_FAILS(model_folder_find(&found, path.text, &err), &err, ERROR_MODEL, "save_pretrained(");
    put("pickled/model.safetensors", "x");
    check_found(path.text, "pickled");
}

int main(void) {
    if (!mkdtemp(home)) return 1;
    char cache[4200];
    snprintf(cache, sizeof cache, "%s/hub", home);
    setenv("HF_HUB_CACHE", cache, 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_folder), cmocka_unit_test(test_cache),
                                       cmocka_unit_test(test_environment), cmocka_unit_test(test_pickle)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return folder_remove(home, NULL) ? failed : 1;
}
