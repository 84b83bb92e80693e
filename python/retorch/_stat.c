/*
 * The longest loop of _fresh.py in C: compares the files of a note with the disk. Compiled once by the first build on a
 * machine, and not needed: without it Python does the same, in twice the time.
 *
 * It knows the form of the note (see _fresh.py) from the folders' first number and text on, and nothing else.
 */
#include <fcntl.h>
#include <stdint.h>
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

/* The text behind this one; null where the texts end. */
static const char* next(const char* text, const char* end) {
  const char* zero = (const char*)memchr(text, 0, (size_t)(end - text));
  return zero == NULL || zero + 1 >= end ? NULL : zero + 1;
}

/*
 * note + numbers_at: for each folder a count, then so many change times, sizes and inodes. note + texts_at: for each folder
 * its path, then so many names, a NUL after each. Returns 1 when all files are as noted; 0 when one is not, or the note is
 * not understood.
 */
int retorch_files_are_as_noted(const char* note, int64_t numbers_at, int64_t number_count, int64_t texts_at,
                               int64_t text_size, int64_t folders) {
  const char* numbers = note + numbers_at;
  const char* text = note + texts_at;
  const char* end = text + text_size;
  int64_t at = 0;
  for (int64_t folder = 0; folder < folders; folder++) {
    int64_t count;
    if (text == NULL || at >= number_count) return 0;
    memcpy(&count, numbers + 8 * at++, 8);
    if (count < 0 || count > (number_count - at) / 3) return 0;
    int descriptor = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    int same = 1;
    for (int64_t i = 0; same && i < count; i++) {
      struct stat state;
      int64_t changed, size, inode;
      memcpy(&changed, numbers + 8 * (at + i), 8);
      memcpy(&size, numbers + 8 * (at + count + i), 8);
      memcpy(&inode, numbers + 8 * (at + 2 * count + i), 8);
      text = next(text, end);
      same = text != NULL && fstatat(descriptor, text, &state, 0) == 0 && (int64_t)state.st_size == size &&
             (int64_t)state.st_ino == inode &&
             (int64_t)CHANGED(state).tv_sec * 1000000000 + CHANGED(state).tv_nsec == changed;
    }
    close(descriptor);
    if (!same) return 0;
    at += 3 * count;
    text = next(text, end);
  }
  return at == number_count && text == NULL;
}
