/* Files: read by mapping, written whole or not at all. Sentences name the path and the system's reason. */
#ifndef TWOFOLD_COMMON_FILE_H
#define TWOFOLD_COMMON_FILE_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"
#include "common/memory.h"

#pragma GCC visibility push(default)

/* A path in a fixed place, so that building one needs no release. */
typedef struct Path {
    char text[4096];
} Path;
/* Formats a path; false (ERROR_PATH) when it is too long. */
MUST_CHECK bool path_make(Path *path, Error *err, const char *format, ...) PRINTF_LIKE(3, 4);
/* The part behind the last '/', borrowed. */
const char *path_base(const char *path);

/* A regular file, a folder (or a link to one); also when the system does not let one look: opening it then says why. */
bool file_exists(const char *path);
bool folder_exists(const char *path);
/* Anything at all of that name: what stands in the place of a file is opened, and refused by name when it is a pipe or a folder, not passed over. */
bool path_exists(const char *path);
MUST_CHECK bool folder_make(const char *path, Error *err); /* with its parents; an existing one is fine */
MUST_CHECK bool folder_remove(const char *path, Error *err); /* with all in it; one that is absent is fine */
/* Removes, in a folder and all below it, what a writer that was killed left under its temporary name. For folders that one program writes at a time. */
MUST_CHECK bool folder_remove_unfinished(const char *path, Error *err);
/* The next name in an open folder but "." and ".."; *entry NULL at the end. `path` is for the sentence. */
MUST_CHECK bool folder_next(DIR *folder, const char *path, struct dirent **entry, Error *err);
int64_t file_size(const char *path);  /* bytes, or -1 */
int64_t folder_size(const char *path); /* bytes of all regular files below, or -1 */

/* A whole file, read-only. `kind` is the error a file that cannot be opened is (ERROR_PATH, or ERROR_MODEL for a part of
 * a model). An empty file gives size 0 and data that may not be read. The file must not be truncated while mapped. */
typedef struct FileMap {
    const unsigned char *data;
    size_t size;
} FileMap;
MUST_CHECK bool file_map(FileMap *map, const char *path, ErrorKind kind, Error *err);
void file_unmap(FileMap *map); /* takes a zeroed one */
/* Part of a map has been read and need not stay in memory; reading it again reads the file again. */
void file_forget(const void *part, size_t bytes);

/* Writes through a temporary name in the same folder; commit flushes to disk, renames and flushes the folder; until then
 * the old file stands. Errors while adding are remembered and returned by commit. Cancel after a commit does nothing, so
 * cleaning up may always cancel. */
typedef struct FileWriter {
    unsigned char *buffer; /* NULL: nothing is open */
    size_t used;           /* of buffer */
    int file;
    int error; /* errno of the first failure */
    char *path;
    char *temporary;
} FileWriter;
MUST_CHECK bool file_writer_open(FileWriter *writer, const char *path, Error *err);
void file_writer_add(FileWriter *writer, const void *bytes, size_t size);
void file_writer_printf(FileWriter *writer, const char *format, ...) PRINTF_LIKE(2, 3);
MUST_CHECK bool file_writer_commit(FileWriter *writer, Error *err);
void file_writer_cancel(FileWriter *writer);

/* The same in one call. */
MUST_CHECK bool file_write(const char *path, const void *bytes, size_t size, Error *err);
MUST_CHECK bool file_write_buffer(const char *path, const Buffer *buffer, Error *err);

/* Writes it all, however the system cuts it; false with errno set. */
bool bytes_write(int file, const void *bytes, size_t size);

/* Copies by hard link where the file system allows it, else byte by byte; replaces what is there. Flushed as a commit is. */
MUST_CHECK bool file_link_or_copy(const char *from, const char *to, Error *err);

#pragma GCC visibility pop
#endif
