/*
 * Loaded before libc (LD_PRELOAD) by test/faults/disk.test.ts: while the file that FAILING_FSYNC names is there, fsync and
 * fdatasync fail with the error number that it holds, as a dying disk makes them fail. The program under test knows nothing of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int failure(void) {
  const char *path = getenv("FAILING_FSYNC");
  FILE *file = path == NULL ? NULL : fopen(path, "r");
  int number = 0;
  if (file == NULL) return 0;
  if (fscanf(file, "%d", &number) != 1) number = EIO;
  fclose(file);
  return number;
}

static int call(const char *name, int descriptor) {
  int number = failure();
  if (number != 0) {
    errno = number;
    return -1;
  }
  int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return original(descriptor);
}

int fsync(int descriptor) { return call("fsync", descriptor); }
int fdatasync(int descriptor) { return call("fdatasync", descriptor); }
