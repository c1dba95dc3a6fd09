/* SPDX-License-Identifier: MIT
 * Writes that are cut short, for a process in which this library comes before libc: most take a
 * part of what they are given, as the kernel does where a socket's buffer has room for no more.
 * See test_scarcity.py. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint calls;

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  static const size_t most_bytes[] = {1, 1000, 30000, -1};
  const size_t most = most_bytes[atomic_fetch_add(&calls, 1) % 4];
  struct msghdr shorter = *message;
  struct iovec first;
  if (message->msg_iovlen > 0 && message->msg_iov[0].iov_len > most) {
    first = message->msg_iov[0];
    first.iov_len = most;
    shorter.msg_iov = &first;
    shorter.msg_iovlen = 1;
  }
  return syscall(SYS_sendmsg, fd, &shorter, flags);
}
