/* One run at a time in a folder. The file `.unfinished-run` in it names the run: process, machine, when it began, its command. The lock on that
 * file is the kernel's (flock(2)) and ends with the process, however it ends, so that nothing stale is left; the file itself stays behind a run
 * that did not finish, and says that what lies here is that run's. */
#ifndef TWOFOLD_COMMON_FOLDER_LOCK_H
#define TWOFOLD_COMMON_FOLDER_LOCK_H

#include "common/file.h"
#include "common/observer.h"

#define FOLDER_LOCK_NAME ".unfinished-run"

typedef struct FolderLock {
    Path path; /* "" when nothing is held */
    int file;
} FolderLock;

/* Takes the lock of an existing folder for the process that `command` describes. ERROR_PATH, naming the other run, when one is at work there.
 * On a file system without locks the run goes on after a note. */
MUST_CHECK bool folder_lock(FolderLock *lock, const char *folder, const char *command, const Observer *observer, Error *err);
/* Lets go, and when the run has `finished` removes the file. Takes a zeroed one. */
void folder_unlock(FolderLock *lock, bool finished);
/* Whether a run that has not finished, or is still at work, has left its file there. */
bool folder_has_unfinished_run(const char *folder);

#endif
