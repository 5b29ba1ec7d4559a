#include "faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ftw.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what is hit ---- */

#define FILE_CALLS \
    CALL(open) CALL(read) CALL(pread) CALL(write) CALL(pwrite) CALL(fsync) CALL(close) CALL(rename) CALL(renameat2) CALL(linkat) CALL(unlink) \
    CALL(remove) CALL(mkdir) CALL(opendir) CALL(readdir) CALL(scandir) CALL(stat) CALL(lstat) CALL(fstat) CALL(access) CALL(mkostemps) CALL(fchmod) \
    CALL(ftruncate) CALL(flock) CALL(nftw) CALL(mmap) CALL(fopen) CALL(pthread_create)
#define SYSTEM_CALLS \
    CALL(poll) CALL(readlink) CALL(sched_getaffinity) CALL(getrlimit) CALL(getrusage) CALL(uname) CALL(gethostname) CALL(fcntl) CALL(ioctl) CALL(isatty) \
    CALL(sysconf) CALL(gmtime_r) CALL(fgets) CALL(getline) CALL(fclose) CALL(closedir) CALL(setenv) CALL(execv) CALL(madvise) \
    CALL(munmap) CALL(mallopt) CALL(sigaction) CALL(pthread_sigmask) CALL(pthread_mutex_init) CALL(pthread_cond_init)
#define MEMORY_CALLS CALL(malloc) CALL(calloc) CALL(realloc) CALL(aligned_alloc)

typedef enum Call {
#define CALL(name) CALL_##name,
    FILE_CALLS CALLS_OF_FILES,
    CALLS_BEFORE_SYSTEM = CALLS_OF_FILES - 1,
    SYSTEM_CALLS CALLS_OF_SYSTEM,
    CALLS_BEFORE_MEMORY = CALLS_OF_SYSTEM - 1,
    MEMORY_CALLS CALLS
#undef CALL
} Call;

static const char *const NAMES[] = {
#define CALL(name) [CALL_##name] = #name,
    FILE_CALLS SYSTEM_CALLS MEMORY_CALLS
#undef CALL
};

static struct {
    atomic_bool armed;
    bool chosen[CALLS];
    FaultAction action;
    long at;
    int error;
    char path[256], copies[256];
    bool places, is_copy;
    atomic_long count, blocks;
    FaultReport *report;
} plan;

static void choose(const char *names) {
    memset(plan.chosen, 0, sizeof plan.chosen);
    for (const char *at = names; *at;) {
        size_t size = strcspn(at, ",");
        for (int call = 0; call < CALLS; call++) {
            const char *group = call < CALLS_OF_FILES ? "files" : call < CALLS_OF_SYSTEM ? "system" : "memory";
            if ((strlen(NAMES[call]) == size && strncmp(at, NAMES[call], size) == 0) ||
                (strlen(group) == size && strncmp(at, group, size) == 0))
                plan.chosen[call] = true;
        }
        at += size + (at[size] == ',');
    }
}

FaultReport *fault_report_new(void) {
    static FaultReport unshared;
    void *shared = mmap(NULL, sizeof(FaultReport), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? &unshared : shared;
}

void fault_arm(const FaultPlan *wanted, FaultReport *report) {
    choose(wanted->calls);
    plan.action = wanted->action;
    plan.at = wanted->at;
    plan.error = wanted->error;
    (void)snprintf(plan.path, sizeof plan.path, "%s", wanted->path ? wanted->path : "");
    (void)snprintf(plan.copies, sizeof plan.copies, "%s", wanted->copies ? wanted->copies : "");
    plan.places = wanted->places;
    atomic_store(&plan.count, 0);
    atomic_store(&plan.blocks, 0);
    *report = (FaultReport){0};
    plan.report = report;
    atomic_store(&plan.armed, true);
}

void fault_disarm(void) {
    atomic_store(&plan.armed, false);
    if (!plan.report) return;
    plan.report->count = atomic_load(&plan.count);
    plan.report->blocks = atomic_load(&plan.blocks);
}

/* ---- who calls ---- */

/* The program itself, and small libraries that check what they are given. What oneDNN, OpenBLAS, liblinear, cairo and the C library take for
 * themselves is theirs: see docs/TRUST.md. */
typedef struct Range {
    uintptr_t begin, end;
} Range;
static Range own[8];
static int own_count;

static int add_range(struct dl_phdr_info *module, size_t size, void *context) {
    static const char *const LIBRARIES[] = {"libcjson", "libutf8proc", "libz."};
    (void)size, (void)context;
    static bool first = true;
    bool is_own = first; /* the program comes first, without a name */
    first = false;
    for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++) is_own = is_own || strstr(module->dlpi_name, LIBRARIES[i]);
    if (!is_own || own_count == sizeof own / sizeof *own) return 0;
    Range range = {UINTPTR_MAX, 0};
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        if (part->p_type != PT_LOAD) continue;
        uintptr_t begin = module->dlpi_addr + part->p_vaddr;
        if (begin < range.begin) range.begin = begin;
        if (begin + part->p_memsz > range.end) range.end = begin + part->p_memsz;
    }
    own[own_count++] = range;
    return 0;
}

static bool is_own(const void *caller) {
    for (int i = 0; i < own_count; i++)
        if ((uintptr_t)caller >= own[i].begin && (uintptr_t)caller < own[i].end) return true;
    return false;
}

/* ---- the moment ---- */

typedef enum Moment { PASSES, FAILS, CUT, KILLED_AFTER } Moment;

static void die(void) {
    (void)kill(getpid(), SIGKILL);
    for (;;) (void)pause();
}

/* Whether these calls have not led to this one before. */
static bool is_new_place(Call call) {
    enum { SLOTS = 1 << 16, DEEP = 48 };
    static uint64_t seen[SLOTS];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    void *stack[DEEP];
    int depth = backtrace(stack, DEEP);
    uint64_t hash = 1469598103934665603u + (uint64_t)call;
    for (int i = 0; i < depth; i++) hash = (hash ^ (uint64_t)(uintptr_t)stack[i]) * 1099511628211u;
    (void)pthread_mutex_lock(&lock);
    size_t slot = hash % SLOTS;
    while (seen[slot] && seen[slot] != hash) slot = (slot + 1) % SLOTS;
    bool is_new = !seen[slot];
    seen[slot] = hash;
    (void)pthread_mutex_unlock(&lock);
    return is_new;
}

/* ---- a copy of the process, in a copy of its folder ---- */

enum { FILES_MOST = 64, COPY_SECONDS = 600 };
static char copy_folder[300];

/* What is open goes on where it stood, in the copy, apart from the original. */
static void open_again(int file, const char *path) {
    off_t at = lseek(file, 0, SEEK_CUR);
    int again = open(path, fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND));
    if (again < 0) _exit(125);
    (void)lseek(again, at, SEEK_SET);
    (void)dup2(again, file);
    (void)close(again);
}

static void copy_bytes(const char *path, const char *to) {
    char bytes[1 << 14];
    int from = open(path, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (from < 0 || out < 0) _exit(125);
    ssize_t size;
    for (off_t at = 0; (size = pread(from, bytes, sizeof bytes, at)) > 0; at += size)
        if (write(out, bytes, (size_t)size) != size) _exit(125);
    (void)close(from);
    (void)close(out);
}

static bool is_open_as(int file, const struct stat *status) {
    struct stat other;
    return fstat(file, &other) == 0 && other.st_ino == status->st_ino && other.st_dev == status->st_dev;
}

/* Files are whole or not there, and never written in place: a link will do for one that is not open. */
static int copy_entry(const char *path, const struct stat *status, int flag, struct FTW *place) {
    char to[800];
    (void)place;
    (void)snprintf(to, sizeof to, "%s/%s", copy_folder, path);
    if (flag == FTW_D) return mkdir(to, 0777) != 0 && errno != EEXIST;
    bool is_open = false;
    for (int file = 3; file < FILES_MOST; file++) {
        if (!is_open_as(file, status)) continue;
        if (!is_open) copy_bytes(path, to);
        open_again(file, to);
        is_open = true;
    }
    return is_open ? 0 : linkat(AT_FDCWD, path, AT_FDCWD, to, 0);
}

static void become_copy(long count) {
    static const char *const SAID[] = {"", "out", "err"};
    char path[400];
    (void)snprintf(copy_folder, sizeof copy_folder, "%s/%ld", plan.copies, count);
    if (mkdir(copy_folder, 0777) != 0 || nftw(".", copy_entry, 16, FTW_PHYS) != 0 || chdir(copy_folder) != 0) _exit(125);
    for (int file = 0; file < FILES_MOST; file++) {
        struct stat status;
        if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) continue;
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        if (file == 1 || file == 2) {
            char to[sizeof path];
            (void)snprintf(to, sizeof to, "%s/%ld.%s", plan.copies, count, SAID[file]);
            copy_bytes(path, to);
            open_again(file, to);
        } else
            open_again(file, path);
    }
    plan.is_copy = true;
    plan.copies[0] = '\0';
    plan.at = count;
    (void)alarm(COPY_SECONDS);
}

/* True in the copy. */
static bool copy_made(long count) {
    int kept = errno, status = 0;
    plan.report->blocks = 0;
    pid_t copy = fork();
    if (copy == 0) {
        become_copy(count);
        errno = kept;
        return true;
    }
    while (copy > 0 && waitpid(copy, &status, 0) < 0 && errno == EINTR) continue;
    char path[300];
    (void)snprintf(path, sizeof path, "%s/ends", plan.copies);
    int ends = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    (void)dprintf(ends, "%ld %d %ld %s\n", count, copy < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                  plan.report->blocks, plan.report->hit);
    (void)close(ends);
    errno = kept;
    return false;
}

static Moment meet(Call call, const char *path, int file, const void *caller) {
    if (!atomic_load(&plan.armed) || !plan.chosen[call] || !is_own(caller)) return PASSES;
    int kept = errno;
    char name[400] = "";
    if (!path && file >= 0) {
        char link[64];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t size = readlink(link, name, sizeof name - 1);
        name[size > 0 ? size : 0] = '\0';
    }
    errno = kept;
    if (!path) path = name;
    if (plan.path[0] && !strstr(path, plan.path)) return PASSES;
    if (plan.places && !is_new_place(call)) return PASSES;
    long count = atomic_fetch_add(&plan.count, 1) + 1;
    plan.report->count = count;
    if (!plan.at || (plan.copies[0] ? count % plan.at != 0 : count != plan.at)) return PASSES;
    (void)snprintf(plan.report->hit, sizeof plan.report->hit, "%s %.400s", NAMES[call], path);
    if (plan.copies[0] && !copy_made(count)) return PASSES;
    if (plan.action == FAULT_KILL_BEFORE) die();
    errno = plan.action == FAULT_FAIL ? plan.error : kept;
    return plan.action == FAULT_FAIL ? FAILS : plan.action == FAULT_SHORT ? CUT : KILLED_AFTER;
}

static void leave(Moment moment) {
    if (moment == KILLED_AFTER) die();
}

#define CALLER __builtin_return_address(0)
#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) *(void **)&next = dlsym(RTLD_NEXT, #name)

/* ---- files ---- */

#define INTERPOSE(type, name, parameters, arguments, path, file, failed) \
    type name parameters { \
        NEXT(name); \
        Moment moment = meet(CALL_##name, path, file, CALLER); \
        if (moment == FAILS) return failed; \
        type result = next arguments; \
        leave(moment); \
        return result; \
    }

INTERPOSE(int, fsync, (int file), (file), NULL, file, -1)
INTERPOSE(int, rename, (const char *from, const char *to), (from, to), to, -1, -1)
INTERPOSE(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags), to, -1, -1)
INTERPOSE(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), to, -1, -1)
INTERPOSE(int, unlink, (const char *path), (path), path, -1, -1)
INTERPOSE(int, remove, (const char *path), (path), path, -1, -1)
INTERPOSE(int, mkdir, (const char *path, mode_t mode), (path, mode), path, -1, -1)
INTERPOSE(DIR *, opendir, (const char *path), (path), path, -1, NULL)
INTERPOSE(struct dirent *, readdir, (DIR * folder), (folder), NULL, dirfd(folder), NULL)
INTERPOSE(int, scandir,
          (const char *path, struct dirent ***list, int (*filter)(const struct dirent *), int (*order)(const struct dirent **, const struct dirent **)),
          (path, list, filter, order), path, -1, -1)
INTERPOSE(int, stat, (const char *path, struct stat *status), (path, status), path, -1, -1)
INTERPOSE(int, lstat, (const char *path, struct stat *status), (path, status), path, -1, -1)
INTERPOSE(int, fstat, (int file, struct stat *status), (file, status), NULL, file, -1)
INTERPOSE(int, access, (const char *path, int mode), (path, mode), path, -1, -1)
INTERPOSE(int, mkostemps, (char *path, int suffix, int flags), (path, suffix, flags), path, -1, -1)
INTERPOSE(int, fchmod, (int file, mode_t mode), (file, mode), NULL, file, -1)
INTERPOSE(int, ftruncate, (int file, off_t size), (file, size), NULL, file, -1)
INTERPOSE(int, flock, (int file, int operation), (file, operation), NULL, file, -1)
INTERPOSE(void *, mmap, (void *at, size_t size, int protection, int flags, int file, off_t offset), (at, size, protection, flags, file, offset), NULL,
          file, MAP_FAILED)
INTERPOSE(ssize_t, pread, (int file, void *to, size_t size, off_t offset), (file, to, size, offset), NULL, file, -1)
INTERPOSE(ssize_t, pwrite, (int file, const void *from, size_t size, off_t offset), (file, from, size, offset), NULL, file, -1)

/* FAULT_MEMINFO is read in place of what the kernel says of the memory. */
FILE *fopen(const char *path, const char *mode) {
    NEXT(fopen);
    const char *instead = strcmp(path, "/proc/meminfo") == 0 ? getenv("FAULT_MEMINFO") : NULL;
    return meet(CALL_fopen, path, -1, CALLER) == FAILS ? NULL : next(instead ? instead : path, mode);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context) {
    NEXT(pthread_create);
    return meet(CALL_pthread_create, "", -1, CALLER) == FAILS ? plan.error : next(thread, attributes, start, context);
}

/* The file is closed all the same, as close(2) has it. */
int close(int file) {
    NEXT(close);
    Moment moment = meet(CALL_close, NULL, file, CALLER);
    int result = next(file);
    leave(moment);
    if (moment != FAILS) return result;
    errno = plan.error;
    return -1;
}

ssize_t read(int file, void *to, size_t size) {
    NEXT(read);
    Moment moment = meet(CALL_read, NULL, file, CALLER);
    if (moment == FAILS) return -1;
    ssize_t result = next(file, to, moment == CUT && size > 1 ? size / 2 : size);
    leave(moment);
    return result;
}

ssize_t write(int file, const void *from, size_t size) {
    NEXT(write);
    Moment moment = meet(CALL_write, NULL, file, CALLER);
    if (moment == FAILS) return -1;
    ssize_t result = next(file, from, moment == CUT && size > 1 ? size / 2 : size);
    leave(moment);
    return result;
}

int open(const char *path, int flags, ...) {
    NEXT(open);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    Moment moment = meet(CALL_open, path, -1, CALLER);
    if (moment == FAILS) return -1;
    int result = next(path, flags, mode);
    leave(moment);
    return result;
}

int nftw(const char *path, __nftw_func_t each, int most, int flags) {
    NEXT(nftw);
    Moment moment = meet(CALL_nftw, path, -1, CALLER);
    if (moment == FAILS) return -1;
    int result = next(path, each, most, flags);
    leave(moment);
    return result;
}

/* ---- what is asked of the system besides ---- */

#ifndef TWOFOLD_SANITIZED /* which asks for much of it before this library is ready */

INTERPOSE(int, poll, (struct pollfd * files, nfds_t count, int ms), (files, count, ms), "", -1, -1)
INTERPOSE(ssize_t, readlink, (const char *path, char *to, size_t size), (path, to, size), path, -1, -1)
INTERPOSE(int, sched_getaffinity, (pid_t process, size_t size, cpu_set_t *cores), (process, size, cores), "", -1, -1)
INTERPOSE(int, getrlimit, (__rlimit_resource_t what, struct rlimit *limit), (what, limit), "", -1, -1)
INTERPOSE(int, getrusage, (__rusage_who_t who, struct rusage *usage), (who, usage), "", -1, -1)
INTERPOSE(int, uname, (struct utsname * system), (system), "", -1, -1)
INTERPOSE(int, gethostname, (char *name, size_t size), (name, size), "", -1, -1)
INTERPOSE(int, isatty, (int file), (file), "", -1, 0)
INTERPOSE(long, sysconf, (int name), (name), "", -1, -1)
INTERPOSE(struct tm *, gmtime_r, (const time_t *time, struct tm *out), (time, out), "", -1, NULL)
INTERPOSE(char *, fgets, (char *line, int size, FILE *file), (line, size, file), "", -1, NULL)
INTERPOSE(int, setenv, (const char *name, const char *value, int over), (name, value, over), "", -1, -1)
INTERPOSE(int, execv, (const char *path, char *const *words), (path, words), path, -1, -1)
INTERPOSE(int, madvise, (void *at, size_t size, int advice), (at, size, advice), "", -1, -1)
INTERPOSE(int, munmap, (void *at, size_t size), (at, size), "", -1, -1)
INTERPOSE(int, mallopt, (int name, int value), (name, value), "", -1, 0)
INTERPOSE(int, sigaction, (int number, const struct sigaction *action, struct sigaction *before), (number, action, before), "", -1, -1)
INTERPOSE(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *before), (how, set, before), "", -1, plan.error)
INTERPOSE(int, pthread_mutex_init, (pthread_mutex_t * lock, const pthread_mutexattr_t *how), (lock, how), "", -1, plan.error)
INTERPOSE(int, pthread_cond_init, (pthread_cond_t * moved, const pthread_condattr_t *how), (moved, how), "", -1, plan.error)

/* getline is compiled as the second. Not static: glibc declares getline inline, whose definition may then call nothing that is. */
__attribute__((visibility("hidden"))) ssize_t get_line(char **line, size_t *room, FILE *file, const void *caller);
ssize_t get_line(char **line, size_t *room, FILE *file, const void *caller) {
    NEXT(getdelim);
    return meet(CALL_getline, "", -1, caller) == FAILS ? -1 : next(line, room, '\n', file);
}

ssize_t getline(char **line, size_t *room, FILE *file) { return get_line(line, room, file, CALLER); }

ssize_t __getdelim(char **line, size_t *room, int end, FILE *file) {
    NEXT(getdelim);
    return end == '\n' ? get_line(line, room, file, CALLER) : next(line, room, end, file);
}

/* Closed all the same, as with close. */
int fclose(FILE *file) {
    NEXT(fclose);
    bool fails = meet(CALL_fclose, "", -1, CALLER) == FAILS;
    int result = next(file);
    if (fails) errno = plan.error;
    return fails ? EOF : result;
}

int closedir(DIR *folder) {
    NEXT(closedir);
    bool fails = meet(CALL_closedir, "", -1, CALLER) == FAILS;
    int result = next(folder);
    if (fails) errno = plan.error;
    return fails ? -1 : result;
}

#define WITH_ONE_MORE(name, request_type) \
    int name(int file, request_type request, ...) { \
        NEXT(name); \
        va_list arguments; \
        va_start(arguments, request); \
        void *more = va_arg(arguments, void *); \
        va_end(arguments); \
        return meet(CALL_##name, NULL, file, CALLER) == FAILS ? -1 : next(file, request, more); \
    }
WITH_ONE_MORE(fcntl, int)
WITH_ONE_MORE(ioctl, unsigned long)

#endif

/* ---- pictures ---- */

/* libpng's looking for the smallest file is three quarters of a report's time. */
void png_write_info(void *png, void *info);
void png_write_info(void *png, void *info) {
    enum { FILTER_NONE = 8 };
    void (*set_filter)(void *, int, int), (*set_level)(void *, int), (*next)(void *, void *);
    *(void **)&set_filter = dlsym(RTLD_NEXT, "png_set_filter");
    *(void **)&set_level = dlsym(RTLD_NEXT, "png_set_compression_level");
    *(void **)&next = dlsym(RTLD_NEXT, "png_write_info");
    if (set_filter) set_filter(png, 0, FILTER_NONE);
    if (set_level) set_level(png, 1);
    next(png, info);
}

/* ---- memory ---- */

#ifndef TWOFOLD_SANITIZED

/* The C library's own, without dlsym, which may ask for memory itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static void *counted(void *block, const void *caller) {
    if (block && atomic_load(&plan.armed) && is_own(caller)) atomic_fetch_add(&plan.blocks, 1);
    return block;
}

void *malloc(size_t size) {
    return meet(CALL_malloc, "", -1, CALLER) == FAILS ? NULL : counted(__libc_malloc(size), CALLER);
}

void *calloc(size_t count, size_t size) {
    return meet(CALL_calloc, "", -1, CALLER) == FAILS ? NULL : counted(__libc_calloc(count, size), CALLER);
}

void *realloc(void *block, size_t size) {
    if (meet(CALL_realloc, "", -1, CALLER) == FAILS) return NULL;
    void *grown = __libc_realloc(block, size);
    return block ? grown : counted(grown, CALLER);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return meet(CALL_aligned_alloc, "", -1, CALLER) == FAILS ? NULL : counted(__libc_memalign(alignment, size), CALLER);
}

void free(void *block) {
    if (block && atomic_load(&plan.armed) && is_own(CALLER)) atomic_fetch_sub(&plan.blocks, 1);
    __libc_free(block);
}

#endif

/* ---- as a library ---- */

static const char *report_path;

static FaultAction action_named(const char *name) {
    return strcmp(name, "short") == 0         ? FAULT_SHORT
           : strcmp(name, "kill_before") == 0 ? FAULT_KILL_BEFORE
           : strcmp(name, "kill_after") == 0  ? FAULT_KILL_AFTER
                                              : FAULT_FAIL;
}

__attribute__((constructor)) static void begin(void) {
    dl_iterate_phdr(add_range, NULL);
    const char *calls = getenv("FAULT_CALLS"), *action = getenv("FAULT_ACTION"), *at = getenv("FAULT_AT"), *error = getenv("FAULT_ERROR");
    if (!calls) return;
    report_path = getenv("FAULT_REPORT");
    FaultPlan wanted = {.calls = calls,
                        .action = action_named(action ? action : "fail"),
                        .at = at ? atol(at) : 0,
                        .error = error ? atoi(error) : EIO,
                        .path = getenv("FAULT_PATH"),
                        .copies = getenv("FAULT_COPIES"),
                        .places = getenv("FAULT_PLACES") != NULL};
    fault_arm(&wanted, fault_report_new());
}

__attribute__((destructor)) static void end(void) {
    fault_disarm();
    if (plan.is_copy) return;
    int file = report_path ? open(report_path, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    if (file < 0) return;
    (void)dprintf(file, "%ld %ld %s\n", plan.report->count, plan.report->blocks, plan.report->hit);
    (void)close(file);
}
