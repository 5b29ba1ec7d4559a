#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char folder[64];

_Noreturn void fuzz_fail(const char *condition, const char *file, int line) {
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

unsigned fuzz_byte(Bytes *input) {
    if (!input->size) return 0;
    input->size--;
    return *input->data++;
}

Bytes fuzz_part(Bytes *input) {
    const uint8_t *end = input->size ? memchr(input->data, 0xFF, input->size) : NULL;
    Bytes part = {input->data, end ? (size_t)(end - input->data) : input->size};
    input->data += part.size + (end != NULL);
    input->size -= part.size + (end != NULL);
    return part;
}

static void remove_folder(void) {
    if (!folder_remove(folder, NULL)) (void)fprintf(stderr, "%s cannot be removed\n", folder);
}

const char *fuzz_folder(void) {
    if (*folder) return folder;
    strcpy(folder, "/dev/shm/twofold-fuzz-XXXXXX");
    if (!mkdtemp(folder)) {
        strcpy(folder, "fuzz-XXXXXX");
        FUZZ_CHECK(mkdtemp(folder));
    }
    (void)atexit(remove_folder);
    return folder;
}

const char *fuzz_path(const char *name) {
    static Path path;
    FUZZ_CHECK(path_make(&path, NULL, "%s/%s", fuzz_folder(), name));
    return path.text;
}

const char *fuzz_put(const char *name, Bytes bytes) {
    const char *path = fuzz_path(name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(file >= 0);
    FUZZ_CHECK(write(file, bytes.size ? (const void *)bytes.data : "", bytes.size) == (ssize_t)bytes.size);
    FUZZ_CHECK(close(file) == 0);
    return path;
}

void fuzz_put_text(const char *name, const char *text) {
    (void)fuzz_put(name, (Bytes){(const uint8_t *)text, strlen(text)});
}

void fuzz_remove(const char *name) { (void)unlink(fuzz_path(name)); }

void fuzz_check_error(const Error *err) {
    FUZZ_CHECK(err->kind == ERROR_FAILED || err->kind == ERROR_DATA || err->kind == ERROR_MODEL || err->kind == ERROR_USAGE ||
               err->kind == ERROR_PATH);
    FUZZ_CHECK(err->message[0] != '\0');
    for (const char *at = err->message; *at; at++) FUZZ_CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
}
