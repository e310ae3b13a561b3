/* Preloaded into a server: while the file that HANGING_DISK names exists, nothing gets to the disk, and who waits for it waits.
   While the file that HANGING_DISK_USAGE names exists, the same holds for who asks for the space on it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void wait_for_disk(const char *variable) {
    const char *flag = getenv(variable);
    while (flag && access(flag, F_OK) == 0)
        usleep(10000);
}

int fsync(int descriptor) {
    wait_for_disk("HANGING_DISK");
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}

int fdatasync(int descriptor) {
    wait_for_disk("HANGING_DISK");
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(descriptor);
}

int statvfs64(const char *path, struct statvfs64 *result) {
    wait_for_disk("HANGING_DISK_USAGE");
    return ((int (*)(const char *, struct statvfs64 *))dlsym(RTLD_NEXT, "statvfs64"))(path, result);
}
