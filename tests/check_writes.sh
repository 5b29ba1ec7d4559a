#!/bin/sh
# Only these may make, write or rename files: whoever writes goes through FileWriter (temporary name, fsync, rename, fsync of the folder).
#   common/file.c                  FileWriter itself, links, folders
#   common/folder_lock.c           the lock of a folder in which a run is at work
#   finetune/checkpoint_folder.c   a folder of finished files gets its name at once
#   cli/terminal.c                 standard output and error
set -eu
cd "$(dirname "$0")/.."
calls='(^|[^_[:alnum:]])(write|pwrite|writev|fwrite|fputs|fputc|putc|creat|mkstemp|mkstemps|mkostemp|mkostemps|rename|renameat|renameat2|link|linkat|symlink|ftruncate|mkdir|tmpfile|freopen|fdopen|sendfile|copy_file_range) *\('
opens='(open|openat|fopen) *\([^;]*(O_WRONLY|O_RDWR|O_CREAT|"[wa]|"r[b]?\+)|cairo_surface_write_to_png *\('
found=$(grep -nE "$calls|$opens" common/*.c datasets/*.c metrics/*.c encoder/*.c features/*.c classifiers/*.c finetune/*.c compare/*.c cli/*.c |
    grep -vE '^(common/file\.c|common/folder_lock\.c|finetune/checkpoint_folder\.c|cli/terminal\.c):' |
    grep -vE '/proc/self/clear_refs|fputs\("5", file\)|, stderr\)|/\* ' || true)
if [ -n "$found" ]; then
    echo "files are written past FileWriter (common/file.h):"
    echo "$found"
    exit 1
fi
# FileWriter's own four steps stand in their order.
awk '/^bool file_writer_commit/ { inside = 1 }
    inside && /fsync\(/ && step == 0 { step = 1 }
    inside && /rename\(/ && step == 1 { step = 2 }
    inside && /flush_folder_of\(/ && step == 2 { step = 3 }
    inside && /^}/ { exit }
    END { exit step != 3 }' common/file.c || {
    echo "common/file.c: file_writer_commit does not flush, rename and flush the folder, in this order"
    exit 1
}
