/* Preloaded into a server: while the file that HANGING_DISK names exists, nothing gets to the disk, and who waits for it waits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_for_disk(void) {
    const char *flag = getenv("HANGING_DISK");
    while (flag && access(flag, F_OK) == 0)
        usleep(10000);
}

int fsync(int descriptor) {
    wait_for_disk();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}

int fdatasync(int descriptor) {
    wait_for_disk();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(descriptor);
}
