/*
 * The longest loop of _fresh.py in C: compares the files of a note with the disk, by several threads where there are idle
 * processors. Compiled once by the first build on a machine, and not needed: without it Python does the same, in twice
 * the time.
 *
 * It knows the form of the note (see _fresh.py) from the folders' first number and text on, and nothing else.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#define CHANGED(state) (state).st_ctimespec
#else
#define CHANGED(state) (state).st_ctim
#endif
#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

/* So many files are taken at a time: a thread that loses its processor keeps the others waiting for these. */
#define CHUNK 128

struct work {
  const char* numbers;
  int64_t number_count;
  const char* texts;
  const char* end;
  int64_t folders;
  /* The first file that nobody has taken, counted over all folders. */
  atomic_llong taken;
  atomic_int differs;
  /* Helpers that look at the note. None begins once it is closed. */
  atomic_int active;
  atomic_int closed;
  atomic_int holders;
};

/* The text behind this one; null where the texts end. */
static const char* next(const char* text, const char* end) {
  const char* zero = (const char*)memchr(text, 0, (size_t)(end - text));
  return zero == NULL || zero + 1 >= end ? NULL : zero + 1;
}

/* Walks over the whole note and looks at the files that it can take. Whether those are as noted, and the note is understood. */
static int as_noted(struct work* work) {
  const char* text = work->texts;
  int64_t at = 0;
  int64_t file = 0, from = 0, to = 0;
  for (int64_t folder = 0; folder < work->folders; folder++) {
    int64_t count;
    if (text == NULL || at >= work->number_count) return 0;
    memcpy(&count, work->numbers + 8 * at++, 8);
    if (count < 0 || count > (work->number_count - at) / 3) return 0;
    const char* path = text;
    int descriptor = -1;
    int same = 1;
    for (int64_t i = 0; same && i < count; i++, file++) {
      text = next(text, work->end);
      same = text != NULL;
      if (file >= to && same) {
        from = atomic_fetch_add(&work->taken, CHUNK);
        to = from + CHUNK;
        same = !atomic_load(&work->differs);
      }
      if (!same || file < from) continue;
      if (descriptor < 0) descriptor = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
      struct stat state;
      int64_t changed, size, inode;
      memcpy(&changed, work->numbers + 8 * (at + i), 8);
      memcpy(&size, work->numbers + 8 * (at + count + i), 8);
      memcpy(&inode, work->numbers + 8 * (at + 2 * count + i), 8);
      same = descriptor >= 0 && fstatat(descriptor, text, &state, 0) == 0 && (int64_t)state.st_size == size &&
             (int64_t)state.st_ino == inode &&
             (int64_t)CHANGED(state).tv_sec * 1000000000 + CHANGED(state).tv_nsec == changed;
    }
    if (descriptor >= 0) close(descriptor);
    if (!same) return 0;
    at += 3 * count;
    text = next(text, work->end);
  }
  return at == work->number_count && text == NULL;
}

static void leave(struct work* work) {
  if (atomic_fetch_sub(&work->holders, 1) == 1) free(work);
}

/* A helper may get its processor only after all is done: then it finds the work closed, and the note is no longer there. */
static void* help(void* argument) {
  struct work* work = (struct work*)argument;
  atomic_fetch_add(&work->active, 1);
  if (!atomic_load(&work->closed) && !as_noted(work)) atomic_store(&work->differs, 1);
  atomic_fetch_sub(&work->active, 1);
  leave(work);
  return NULL;
}

static void start(struct work* work, int64_t helpers) {
  pthread_attr_t attributes;
  sigset_t all, before;
  if (helpers < 1 || pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  /* Signals are for the threads that Python knows. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int64_t i = 0; i < helpers; i++) {
    pthread_t thread;
    atomic_fetch_add(&work->holders, 1);
    if (pthread_create(&thread, &attributes, help, work) != 0) {
      atomic_fetch_sub(&work->holders, 1);
      break;
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

/*
 * note + numbers_at: for each folder a count, then so many change times, sizes and inodes. note + texts_at: for each folder
 * its path, then so many names, a NUL after each. helpers: how many threads beside this one. Returns 1 when all files are
 * as noted; 0 when one is not, or the note is not understood.
 */
int retorch_files_are_as_noted(const char* note, int64_t numbers_at, int64_t number_count, int64_t texts_at,
                               int64_t text_size, int64_t folders, int64_t helpers) {
  struct work* work = (struct work*)calloc(1, sizeof *work);
  if (work == NULL) return 0;
  work->numbers = note + numbers_at;
  work->number_count = number_count;
  work->texts = note + texts_at;
  work->end = note + texts_at + text_size;
  work->folders = folders;
  atomic_init(&work->holders, 1);
  start(work, helpers);
  int same = as_noted(work);
  if (!same) atomic_store(&work->differs, 1);
  atomic_store(&work->closed, 1);
  while (atomic_load(&work->active) > 0) sched_yield();
  same = !atomic_load(&work->differs);
  leave(work);
  return same;
}
