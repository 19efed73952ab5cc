/* Stops or fails a program at the N-th change it makes below a folder of the file system.
 *
 *   syscut ROOT STATUS N MODE COMMAND [ARGUMENT...]
 *
 * Counts every system call of all threads and children that changes something below ROOT, in one counter, and
 * writes one line for each to STATUS: number, call, path. At call N the MODE happens:
 *   count            nothing, the program runs to its end
 *   before, after    everything is killed instead of the call, or when the call is done
 *   torn             a write does only its first half, then everything is killed
 *   EIO, ENOSPC, ... that call fails so; with a trailing + every later one as well
 *   SIGINT, SIGTERM  that signal arrives at the call; with a trailing 2 once more at the next one
 * The last line of STATUS is "end CALLS FIRED EXIT". Exit 0 when the tool worked, 77 when it cannot trace here.
 *
 * A seccomp filter stops the program at the interesting calls only, so a traced run costs little more than a
 * plain one. Changes through mmap or io_uring are not seen; the filter makes io_uring fail, so that it is not used.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT_TRACE 77
#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))
enum { NONE = -1, HERE = -2 };

/* Which arguments say what a call changes: a descriptor, or up to two pairs of folder and path. */
static const struct call {
    int number;
    const char *name;
    int descriptor, folder, path, folder2, path2, flags;
} calls[] = {
    {SYS_write, "write", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_pwrite64, "write", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_writev, "writev", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_pwritev, "writev", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_pwritev2, "writev", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_copy_file_range, "copy", 2, NONE, NONE, NONE, NONE, NONE},
    {SYS_sendfile, "copy", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_fsync, "fsync", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_fdatasync, "fsync", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_syncfs, "syncfs", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_ftruncate, "truncate", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_fallocate, "fallocate", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_fchmod, "chmod", 0, NONE, NONE, NONE, NONE, NONE},
    {SYS_open, "create", NONE, HERE, 0, NONE, NONE, 1},
    {SYS_creat, "create", NONE, HERE, 0, NONE, NONE, NONE},
    {SYS_openat, "create", NONE, 0, 1, NONE, NONE, 2},
    {SYS_truncate, "truncate", NONE, HERE, 0, NONE, NONE, NONE},
    {SYS_mkdir, "mkdir", NONE, HERE, 0, NONE, NONE, NONE},
    {SYS_mkdirat, "mkdir", NONE, 0, 1, NONE, NONE, NONE},
    {SYS_rmdir, "rmdir", NONE, HERE, 0, NONE, NONE, NONE},
    {SYS_unlink, "unlink", NONE, HERE, 0, NONE, NONE, NONE},
    {SYS_unlinkat, "unlink", NONE, 0, 1, NONE, NONE, NONE},
    {SYS_rename, "rename", NONE, HERE, 0, HERE, 1, NONE},
    {SYS_renameat, "rename", NONE, 0, 1, 2, 3, NONE},
    {SYS_renameat2, "rename", NONE, 0, 1, 2, 3, NONE},
    {SYS_link, "link", NONE, HERE, 0, HERE, 1, NONE},
    {SYS_linkat, "link", NONE, 0, 1, 2, 3, NONE},
    {SYS_symlink, "symlink", NONE, HERE, 1, NONE, NONE, NONE},
    {SYS_symlinkat, "symlink", NONE, 1, 2, NONE, NONE, NONE},
};

static const struct { const char *name; int number; } errors[] = {
    {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EACCES", EACCES}, {"EMFILE", EMFILE},
};

static char root[PATH_MAX];
static FILE *status_file;
static pid_t program;
static long counted, target;
static int fired, exit_code;
static const char *mode;
static int error_number, lasting, signal_number, signal_twice;

static int starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static void understand_mode(void) {
    for (int i = 0; i < LENGTH(errors); i++)
        if (starts_with(mode, errors[i].name)) {
            error_number = errors[i].number;
            lasting = mode[strlen(errors[i].name)] == '+';
        }
    if (starts_with(mode, "SIG")) {
        signal_number = starts_with(mode, "SIGINT") ? SIGINT : SIGTERM;
        signal_twice = mode[strlen(mode) - 1] == '2';
    }
}

/* Makes the calls of the table stop for the tracer and io_uring impossible; all others run freely. */
static int install_filter(void) {
    struct sock_filter code[2 * LENGTH(calls) + 8];
    int n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < LENGTH(calls); i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {.len = n, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

/* Reads a path out of the traced process, page by page because the next page may not exist. */
static void read_text(pid_t pid, unsigned long address, char *text) {
    size_t length = 0;
    while (length < PATH_MAX - 1) {
        size_t piece = 4096 - (address + length) % 4096;
        if (piece > PATH_MAX - 1 - length) piece = PATH_MAX - 1 - length;
        struct iovec to = {text + length, piece}, from = {(void *)(address + length), piece};
        ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);
        if (got <= 0 || memchr(text + length, 0, got)) return;
        length += got;
    }
}

static void path_of_descriptor(pid_t pid, int descriptor, char *path) {
    char link[64];
    if (descriptor == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", pid);
    else snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

/* Gives the absolute path of a folder-and-path pair; `.` and `..` are left, ROOT is compared as a prefix. */
static void path_of_pair(pid_t pid, int folder, unsigned long address, char *path) {
    char given[PATH_MAX] = "", base[PATH_MAX] = "";
    read_text(pid, address, given);
    if (given[0] != '/') path_of_descriptor(pid, folder, base);
    if (snprintf(path, PATH_MAX, "%s%s%s", base, given[0] == '/' || !base[0] ? "" : "/", given) >= PATH_MAX) path[0] = 0;
}

static int is_below_root(const char *path) {
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* Tells whether a call changes something below ROOT, and where. */
static int concerns(pid_t pid, const struct call *call, const unsigned long *argument, char *path) {
    if (call->flags != NONE && !(argument[call->flags] & (O_CREAT | O_TRUNC))) return 0;
    if (call->descriptor != NONE) {
        path_of_descriptor(pid, (int)argument[call->descriptor], path);
        return is_below_root(path);
    }
    path_of_pair(pid, call->folder == HERE ? AT_FDCWD : (int)argument[call->folder], argument[call->path], path);
    if (call->path2 == NONE) return is_below_root(path);
    int from_below = is_below_root(path);
    path_of_pair(pid, call->folder2 == HERE ? AT_FDCWD : (int)argument[call->folder2], argument[call->path2], path);
    return from_below || is_below_root(path);
}

/* A full disk still lets names be removed and changed. */
static int can_fail_so(const struct call *call) {
    int allocates = strcmp(call->name, "unlink") && strcmp(call->name, "rmdir") && strcmp(call->name, "chmod")
                    && strcmp(call->name, "rename") && strcmp(call->name, "truncate");
    return (error_number != ENOSPC && error_number != EDQUOT) || allocates;
}

static void fail_call(pid_t pid, struct user_regs_struct *registers) {
    registers->orig_rax = -1;
    registers->rax = -error_number;
    ptrace(PTRACE_SETREGS, pid, 0, registers);
}

/* Lets the call happen, then kills: waits for its end on this thread while the others stand or run on. */
static void kill_after(pid_t pid) {
    int state;
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
    waitpid(pid, &state, __WALL);
    kill(program, SIGKILL);
}

static void at_call(pid_t pid) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers)) return;
    const unsigned long argument[] = {registers.rdi, registers.rsi, registers.rdx, registers.r10};
    char path[PATH_MAX] = "";
    const struct call *call = NULL;
    for (int i = 0; i < LENGTH(calls); i++)
        if (calls[i].number == (int)registers.orig_rax) call = &calls[i];
    if (!call || !concerns(pid, call, argument, path)) return;
    counted++;
    fprintf(status_file, "%ld\t%s\t%s\n", counted, call->name, path + (is_below_root(path) ? strlen(root) : 0));
    if (signal_twice && counted == target + 1) kill(program, signal_number);
    if (counted != target && !(lasting && counted > target)) return;
    if (error_number) {
        if (!can_fail_so(call)) return;
        fired = 1;
        fail_call(pid, &registers);
        return;
    }
    fired = 1;
    if (signal_number) kill(program, signal_number);
    else if (!strcmp(mode, "before")) kill(program, SIGKILL);
    else {
        if (!strcmp(mode, "torn") && !strcmp(call->name, "write")) {
            registers.rdx /= 2;
            ptrace(PTRACE_SETREGS, pid, 0, &registers);
        }
        kill_after(pid);
    }
}

static void start(char **command) {
    program = fork();
    if (program) return;
    if (ptrace(PTRACE_TRACEME, 0, 0, 0)) _exit(CANNOT_TRACE);
    raise(SIGSTOP);
    if (install_filter()) _exit(CANNOT_TRACE);
    execvp(command[0], command);
    _exit(127);
}

static void follow(void) {
    int state;
    for (pid_t pid; (pid = waitpid(-1, &state, __WALL)) > 0;) {
        if (WIFEXITED(state) || WIFSIGNALED(state)) {
            if (pid == program) exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
            continue;
        }
        int signal = WSTOPSIG(state), event = state >> 16;
        if (event == PTRACE_EVENT_SECCOMP && target >= 0) at_call(pid);
        /* New threads report a first stop of their own; other events are the tracer's, not the program's. */
        int is_ours = event != 0 || signal == SIGTRAP || signal == SIGSTOP;
        ptrace(PTRACE_CONT, pid, 0, is_ours ? 0 : signal);
    }
}

int main(int count, char **argument) {
    if (count < 6 || !realpath(argument[1], root) || !(status_file = fopen(argument[2], "we"))) {
        fprintf(stderr, "usage: syscut ROOT STATUS N MODE COMMAND [ARGUMENT...]\n");
        return 2;
    }
    target = atol(argument[3]);
    mode = argument[4];
    understand_mode();
    start(argument + 5);
    int state;
    if (waitpid(program, &state, 0) < 0 || !WIFSTOPPED(state)) return CANNOT_TRACE;
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
                   | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, program, 0, options)) return CANNOT_TRACE;
    ptrace(PTRACE_CONT, program, 0, 0);
    follow();
    fprintf(status_file, "end\t%ld\t%d\t%d\n", counted, fired, exit_code);
    fclose(status_file);
    return exit_code == CANNOT_TRACE ? CANNOT_TRACE : 0;
}
