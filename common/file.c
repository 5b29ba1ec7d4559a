#include "common/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool path_make(Path *path, Error *err, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(path->text, sizeof path->text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof path->text)
        return FAIL(err, ERROR_PATH, "%.60s…: path of %d bytes, expected under %zu", path->text, length, sizeof path->text);
    return true;
}

const char *path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A name whose file cannot be looked at (rights, a broken disk) counts as there: whoever opens it hears why. */
static bool is_absent(int reason) {
    return reason == ENOENT || reason == ENOTDIR || reason == ENAMETOOLONG || reason == EINVAL || reason == ELOOP;
}

bool file_exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? S_ISREG(status.st_mode) : !is_absent(errno);
}

bool folder_exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? S_ISDIR(status.st_mode) : !is_absent(errno);
}

bool path_exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 || !is_absent(errno);
}

bool folder_next(DIR *folder, const char *path, struct dirent **entry, Error *err) {
    do {
        errno = 0;
        *entry = readdir(folder);
    } while (*entry && (strcmp((*entry)->d_name, ".") == 0 || strcmp((*entry)->d_name, "..") == 0));
    return *entry || errno == 0 || FAIL(err, ERROR_PATH, "%s: cannot be read: %s", path, strerror(errno));
}

int64_t file_size(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) ? (int64_t)status.st_size : -1;
}

bool folder_make(const char *path, Error *err) {
    Path part;
    if (!path_make(&part, err, "%s", path)) return false;
    for (char *at = part.text + 1; at[-1]; at++) {
        if (*at != '/' && *at != '\0') continue;
        char kept = *at;
        *at = '\0';
        int reason = mkdir(part.text, 0777) == 0 ? 0 : errno; /* which looking for the folder would overwrite */
        if (reason && !folder_exists(part.text))
            return FAIL(err, ERROR_PATH, "%s: cannot make this folder: %s", part.text, strerror(reason));
        *at = kept;
        if (!kept) break;
    }
    return true;
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place) {
    (void)status, (void)flag, (void)place;
    return remove(path);
}

bool folder_remove(const char *path, Error *err) {
    struct stat status;
    if (lstat(path, &status) != 0 && errno == ENOENT) return true;
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return FAIL(err, ERROR_PATH, "%s: cannot remove this folder: %s", path, strerror(errno));
    return true;
}

/* A name that file_writer_open or file_link_or_copy made up: six letters or digits, or a process number, before ".tmp". */
static bool is_unfinished(const char *name) {
    size_t length = strlen(name);
    if (length < 6 || strcmp(name + length - 4, ".tmp") != 0) return false;
    size_t at = length - 4, count = 0;
    while (at > 0 && isalnum((unsigned char)name[at - 1])) at--, count++;
    return at > 1 && name[at - 1] == '.' && (count == 6 || strspn(name + at, "0123456789") == count);
}

bool folder_remove_unfinished(const char *path, Error *err) {
    DIR *folder = opendir(path);
    if (!folder) return errno == ENOENT || FAIL(err, ERROR_PATH, "%s: cannot be opened: %s", path, strerror(errno));
    bool good = true;
    for (struct dirent *entry; good && (good = folder_next(folder, path, &entry, err)) && entry;) {
        Path part;
        struct stat status;
        if (!path_make(&part, NULL, "%s/%s", path, entry->d_name) || lstat(part.text, &status) != 0) continue;
        if (S_ISDIR(status.st_mode))
            good = folder_remove_unfinished(part.text, err);
        else if (S_ISREG(status.st_mode) && is_unfinished(entry->d_name) && unlink(part.text) != 0)
            good = FAIL(err, ERROR_PATH, "%s: cannot be removed: %s", part.text, strerror(errno));
    }
    closedir(folder);
    return good;
}

int64_t folder_size(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return -1;
    int64_t total = 0;
    for (struct dirent *entry; total >= 0;) {
        Path part;
        struct stat status;
        if (!folder_next(folder, path, &entry, NULL)) total = -1;
        if (total < 0 || !entry) break;
        if (!path_make(&part, NULL, "%s/%s", path, entry->d_name) || lstat(part.text, &status) != 0) continue;
        int64_t size = S_ISDIR(status.st_mode) ? folder_size(part.text) : S_ISREG(status.st_mode) ? (int64_t)status.st_size : 0;
        total = size < 0 ? -1 : total + size;
    }
    closedir(folder);
    return total;
}

bool file_map(FileMap *map, const char *path, ErrorKind kind, Error *err) {
    *map = (FileMap){0};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* else a pipe of that name would be waited for */
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        FAIL(err, kind, "%s: cannot be opened: %s", path, strerror(errno));
        if (file >= 0) close(file);
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        close(file);
        return FAIL(err, kind, "%s: not a regular file", path);
    }
    if (status.st_size > 0) {
        void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data == MAP_FAILED) {
            FAIL(err, kind, "%s: cannot be mapped: %s", path, strerror(errno));
            close(file);
            return false;
        }
        map->data = data;
        map->size = (size_t)status.st_size;
    }
    close(file);
    return true;
}

void file_unmap(FileMap *map) {
    /* munmap takes void *; the bytes were mapped read-only by file_map. */
    if (map->data) munmap((void *)(uintptr_t)map->data, map->size);
    *map = (FileMap){0};
}

void file_forget(const void *part, size_t bytes) {
    long page = sysconf(_SC_PAGESIZE);
    if (page < 1) return;
    uintptr_t size = (uintptr_t)page, begin = ((uintptr_t)part + size - 1) / size * size, end = ((uintptr_t)part + bytes) / size * size;
    /* A wish: where it is not granted, the pages stay a while. */
    if (end > begin) (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

static bool flush_folder_of(const char *path) {
    Path folder;
    if (!path_make(&folder, NULL, "%s", path)) return false;
    char *slash = strrchr(folder.text, '/');
    if (!slash)
        (void)strcpy(folder.text, ".");
    else if (slash == folder.text)
        slash[1] = '\0';
    else
        *slash = '\0';
    int file = open(folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return false;
    /* Some file systems cannot flush a folder; that is no failure of the write. */
    bool flushed = fsync(file) == 0 || errno == EINVAL || errno == ENOTSUP;
    int kept = errno;
    close(file);
    errno = kept;
    return flushed;
}

enum { WRITER_BYTES = 1 << 16 };

bool bytes_write(int file, const void *bytes, size_t size) {
    for (const unsigned char *at = bytes; size > 0;) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = EIO; /* which no file should answer: asking again might never end */
        if (written <= 0) return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

bool file_writer_open(FileWriter *writer, const char *path, Error *err) {
    *writer = (FileWriter){.file = -1};
    Path temporary;
    if (!path_make(&temporary, err, "%s.XXXXXX.tmp", path)) return false;
    writer->path = mem_copy_text(path, strlen(path), err);
    writer->temporary = mem_copy_text(temporary.text, strlen(temporary.text), err);
    writer->buffer = mem_new(WRITER_BYTES, 1, err);
    bool made = writer->path && writer->temporary && writer->buffer;
    if (made) {
        writer->file = mkostemps(writer->temporary, 4, O_CLOEXEC);
        made = writer->file >= 0;
        if (!made) FAIL(err, ERROR_PATH, "%s: cannot be written: %s", path, strerror(errno));
    }
    if (made) {
        mode_t mask = umask(0);
        (void)umask(mask);
        (void)fchmod(writer->file, 0666 & ~mask); /* mkostemps makes it private; an output file is an ordinary one */
        return true;
    }
    free(writer->temporary); /* a name under which nothing stands */
    writer->temporary = NULL;
    file_writer_cancel(writer);
    return false;
}

static void flush_buffer(FileWriter *writer) {
    if (!writer->error && !bytes_write(writer->file, writer->buffer, writer->used)) writer->error = errno;
    writer->used = 0;
}

void file_writer_add(FileWriter *writer, const void *bytes, size_t size) {
    if (writer->error || size == 0) return;
    if (size > WRITER_BYTES - writer->used) flush_buffer(writer);
    if (size >= WRITER_BYTES) {
        if (!writer->error && !bytes_write(writer->file, bytes, size)) writer->error = errno;
        return;
    }
    memcpy(writer->buffer + writer->used, bytes, size);
    writer->used += size;
}

void file_writer_printf(FileWriter *writer, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof line) {
        file_writer_add(writer, line, (size_t)length);
        return;
    }
    Buffer text = {0};
    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    if (text.failed && !writer->error) writer->error = ENOMEM;
    file_writer_add(writer, text.data, text.failed ? 0 : text.size);
    buffer_free(&text);
}

bool file_writer_commit(FileWriter *writer, Error *err) {
    flush_buffer(writer);
    int error = writer->error;
    if (!error && fsync(writer->file) != 0) error = errno;
    if (close(writer->file) != 0 && !error) error = errno;
    writer->file = -1;
    if (!error && rename(writer->temporary, writer->path) != 0) error = errno;
    if (!error) {
        free(writer->temporary); /* the name is gone: cancel has nothing to remove */
        writer->temporary = NULL;
        if (!flush_folder_of(writer->path)) error = errno;
    }
    if (error) FAIL(err, error == ENOMEM ? ERROR_FAILED : ERROR_PATH, "%s: cannot be written: %s", writer->path, strerror(error));
    file_writer_cancel(writer);
    return !error;
}

void file_writer_cancel(FileWriter *writer) {
    if (writer->buffer && writer->file >= 0) (void)close(writer->file);
    if (writer->temporary) (void)unlink(writer->temporary);
    free(writer->temporary);
    free(writer->path);
    mem_free(writer->buffer);
    *writer = (FileWriter){0};
}

bool file_write(const char *path, const void *bytes, size_t size, Error *err) {
    FileWriter writer;
    if (!file_writer_open(&writer, path, err)) return false;
    file_writer_add(&writer, bytes, size);
    return file_writer_commit(&writer, err);
}

bool file_write_buffer(const char *path, const Buffer *buffer, Error *err) {
    return buffer_ok(buffer, err) && file_write(path, buffer->data, buffer->size, err);
}

/* The bytes too: nobody knows whether whoever wrote them waited for the disk. */
static bool flush_linked(const char *path, Error *err) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool flushed = file >= 0 && (fsync(file) == 0 || errno == EINVAL || errno == EROFS) && flush_folder_of(path);
    if (!flushed) FAIL(err, ERROR_PATH, "%s: cannot be written: %s", path, strerror(errno));
    if (file >= 0) (void)close(file);
    return flushed;
}

bool file_link_or_copy(const char *from, const char *to, Error *err) {
    Path temporary;
    if (!path_make(&temporary, err, "%s.%ld.tmp", to, (long)getpid())) return false;
    /* A link appears under a temporary name first, so that the old file stands until the new one is whole. */
    if (linkat(AT_FDCWD, from, AT_FDCWD, temporary.text, AT_SYMLINK_FOLLOW) == 0) { /* what a symbolic link means, not the link */
        if (rename(temporary.text, to) == 0) {
            (void)unlink(temporary.text); /* rename leaves it when both were one file already */
            return flush_linked(to, err);
        }
        (void)unlink(temporary.text);
    }
    FileMap map;
    if (!file_map(&map, from, ERROR_PATH, err)) return false;
    bool copied = file_write(to, map.data, map.size, err);
    file_unmap(&map);
    return copied;
}
