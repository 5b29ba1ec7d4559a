/* compare.json of one finished comparison, and of a second one when there is more: what report reads before it looks at the rows. What is recalled has
 * names of its own, below the runs' folders. */
#include "cli/recalled.h"
#include "tests/fuzz/fuzz.h"

static void check_recalled(const Recalled *recalled) {
    FUZZ_CHECK(recalled->count > 0 && recalled->count <= MOST_ENTRIES);
    for (int i = 0; i < recalled->count; i++) {
        const char *name = recalled->names[i];
        FUZZ_CHECK(recalled->specs[i].name == name && *name && strlen(name) < sizeof recalled->names[i]);
        FUZZ_CHECK(!strchr(name, '/') && name[0] != '.');
        FUZZ_CHECK(strncmp(recalled->recorded[i], fuzz_folder(), strlen(fuzz_folder())) == 0);
        FUZZ_CHECK(!strstr(recalled->recorded[i] + strlen(fuzz_folder()), "/.."));
        for (int other = 0; other < i; other++) FUZZ_CHECK(strcmp(name, recalled->names[other]) != 0);
    }
}

static void check_settings(const Runs *runs) {
    Error err = {0};
    Settings settings;
    Options options = {0};
    char *command = NULL;
    if (runs_settings(&settings, &options, &command, runs, &err))
        FUZZ_CHECK(settings.num_threads >= 0 && settings.seeds >= 1);
    else
        fuzz_check_error(&err);
    options_free(&options);
    free(command);
}

static void put_run(const char *folder, Bytes record) {
    Path path;
    FUZZ_CHECK(path_make(&path, NULL, "%s", fuzz_path(folder)) && folder_make(path.text, NULL));
    FUZZ_CHECK(path_make(&path, NULL, "%s/compare.json", folder));
    (void)fuzz_put(path.text, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static Recalled recalled;
    Bytes input = {data, size};
    Path first, second;
    put_run("first", fuzz_part(&input));
    put_run("other.run", input);
    FUZZ_CHECK(path_make(&first, NULL, "%s", fuzz_path("first")) && path_make(&second, NULL, "%s/", fuzz_path("other.run")));
    TextList folders = {.items = (const char *[]){first.text, second.text}, .count = input.size ? 2 : 1};
    Runs runs = {.count = 0};
    Error err = {0};
    if (runs_read(&runs, &folders, &err) && recalled_read(&recalled, &runs, &err))
        check_recalled(&recalled);
    else
        fuzz_check_error(&err);
    if (runs.count && runs.records[0]) check_settings(&runs);
    recalled_free(&recalled);
    recalled = (Recalled){.count = 0};
    runs_free(&runs);
    return 0;
}
