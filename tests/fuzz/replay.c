/* Runs a fuzz target on files and on all files of folders: seeds and past findings, in builds without libFuzzer. */
#include <dirent.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

/* From memory of its exact size, so that a sanitizer sees the first byte read behind the end. */
static int run_file(const char *path) {
    FileMap map;
    Error err = {0};
    if (!file_map(&map, path, ERROR_PATH, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    uint8_t *copy = malloc(map.size ? map.size : 1);
    FUZZ_CHECK(copy);
    if (map.size) memcpy(copy, map.data, map.size);
    (void)LLVMFuzzerTestOneInput(copy, map.size);
    free(copy);
    file_unmap(&map);
    return 0;
}

static int run_folder(const char *path, int *runs) {
    DIR *folder = opendir(path);
    int failed = 0;
    if (!folder) {
        (void)fprintf(stderr, "%s: cannot be opened\n", path);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        Path file;
        if (entry->d_name[0] == '.' || !path_make(&file, NULL, "%s/%s", path, entry->d_name)) continue;
        failed |= run_file(file.text);
        ++*runs;
    }
    closedir(folder);
    return failed;
}

int main(int count, char **arguments) {
    int failed = 0, runs = 0;
    for (int i = 1; i < count; i++) {
        if (folder_exists(arguments[i]))
            failed |= run_folder(arguments[i], &runs);
        else {
            failed |= run_file(arguments[i]);
            runs++;
        }
    }
    printf("%d inputs\n", runs);
    return failed || !runs;
}
