#include "common/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 100, OWNER_MOST = 700 };

/* "process 4711 on host since 2026-03-01 12:00:00 UTC: twofold finetune …" */
static void write_owner(int file, const char *command) {
    char text[OWNER_MOST], host[128] = "", since[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    if (gmtime_r(&now, &utc)) (void)strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S UTC", &utc);
    int length = snprintf(text, sizeof text, "process %ld on %s since %s: %.400s\n", (long)getpid(), host, since, command);
    if (length < 0 || ftruncate(file, 0) != 0) return;
    /* Without this text the lock is held all the same: only its name is missing. */
    ssize_t written = pwrite(file, text, strlen(text), 0);
    (void)written;
}

static bool fail_busy(int file, const char *folder, Error *err) {
    char owner[OWNER_MOST];
    ssize_t size = pread(file, owner, sizeof owner - 1, 0);
    owner[size > 0 ? size : 0] = '\0';
    owner[strcspn(owner, "\n")] = '\0';
    return FAIL(err, ERROR_PATH, "%s: another run is at work in this folder: %s; wait for it, or name another --output_dir", folder,
                owner[0] ? owner : "it has not said which");
}

/* Whether the name still means the file that was opened: the run before may have removed it in between. */
static bool is_same(int file, const char *path) {
    struct stat opened, named;
    return fstat(file, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static bool cannot_lock(int reason) { return reason == ENOLCK || reason == ENOTSUP || reason == ENOSYS || reason == EINVAL; }

bool folder_lock(FolderLock *lock, const char *folder, const char *command, const Observer *observer, Error *err) {
    *lock = (FolderLock){.file = -1};
    Path path;
    if (!path_make(&path, err, "%s/" FOLDER_LOCK_NAME, folder)) return false;
    for (int tries = 0; tries < TRIES; tries++) {
        int file = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (file < 0) return FAIL(err, ERROR_PATH, "%s: cannot be written: %s", folder, strerror(errno));
        int reason = flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
        if (reason == EINTR || (reason == 0 && !is_same(file, path.text))) {
            (void)close(file);
            continue;
        }
        if (reason != 0 && !cannot_lock(reason)) {
            if (reason == EWOULDBLOCK)
                (void)fail_busy(file, folder, err);
            else
                FAIL(err, ERROR_PATH, "%s: cannot be locked: %s", path.text, strerror(reason));
            (void)close(file);
            return false;
        }
        if (reason != 0)
            observer_note(observer, "! %s cannot be locked (%s): see to it that no other run writes there", folder, strerror(reason));
        write_owner(file, command);
        *lock = (FolderLock){.path = path, .file = file};
        return true;
    }
    return FAIL(err, ERROR_PATH, "%s: cannot be locked: its name keeps changing", path.text);
}

void folder_unlock(FolderLock *lock, bool finished) {
    if (!lock->path.text[0]) return;
    if (finished) (void)unlink(lock->path.text); /* before the lock goes: whoever opened it meanwhile sees that the name is gone */
    (void)close(lock->file);
    *lock = (FolderLock){.file = -1};
}

bool folder_has_unfinished_run(const char *folder) {
    Path path;
    return path_make(&path, NULL, "%s/" FOLDER_LOCK_NAME, folder) && file_exists(path.text);
}
