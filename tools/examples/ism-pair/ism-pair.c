// SPDX-License-Identifier: GPL-2.0
/*
 * ism-pair: two processes move data between two ISM functions, as SMC-D does
 * between two systems
 *
 * Each process is the owner of one function. What one of them stores with its
 * function lies in the other one's memory; nothing is copied by way of a socket.
 * This process starts both, shows how far they are, and prints what they did, then
 * "ism: PASS" or "ism: FAIL <why>". The exit code is 0, 1 for FAIL, or 2 for
 * options that are not understood.
 *
 * Both functions have to be zpcifd's and in the same fabric. What is general to
 * ISM functions is in ../ism.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "pair.h"

#define TICK_US 20000

/**
 * struct pair - Both sides
 * @options: What to do
 * @report: How it went; shared
 * @pid: The processes, 0 for one that has ended
 * @why: The first failure, "" if there was none
 */
struct pair {
	struct options options;
	struct report *report;
	pid_t pid[2];
	char why[400];
};

[[gnu::format(printf, 2, 3)]]
static void fail(struct pair *pair, const char *fmt, ...)
{
	va_list ap;

	if (pair->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(pair->why, sizeof(pair->why), fmt, ap);
	va_end(ap);
}

static int child(struct pair *pair, int num, const char *name, int sock)
{
	static struct side side;

	/* Nobody would hear of it without its parent */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	side.options = &pair->options;
	side.report = &pair->report[num];
	side.sock = sock;
	side.second = num;
	return side_run(&side, name) ? 1 : 0;
}

static bool start_both(struct pair *pair, char **names)
{
	int sock[2];

	pair->report = mmap(NULL, 2 * sizeof(*pair->report),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	if (pair->report == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock)) {
		fail(pair, "cannot make what the two processes share: %m");
		return false;
	}
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		pair->pid[i] = fork();
		if (!pair->pid[i]) {
			close(sock[!i]);
			_exit(child(pair, i, names[i], sock[i]));
		}
		if (pair->pid[i] < 0) {
			fail(pair, "cannot start a process: %m");
			pair->pid[i] = 0;
			break;
		}
	}
	close(sock[0]);
	close(sock[1]);
	return !pair->why[0];
}

static void judge(struct pair *pair, int num, int status)
{
	struct report *report = &pair->report[num];

	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		if (num && pair->options.kill)
			fail(pair, "%s: was to be killed, but ended",
			     report->name);
		return;
	}
	if (report->why[0])
		fail(pair, "%s", report->why);
	else if (WIFSIGNALED(status) &&
		 !(num && WTERMSIG(status) == SIGKILL &&
		   __atomic_load_n(&report->killed_at, __ATOMIC_ACQUIRE)))
		fail(pair, "side %d ended by signal %d", num + 1,
		     WTERMSIG(status));
}

static void kill_all(struct pair *pair)
{
	for (int i = 0; i < 2; i++)
		if (pair->pid[i])
			kill(pair->pid[i], SIGKILL);
}

/* Waits for both processes; without one of them the other one waits in vain */
static void watch(struct pair *pair)
{
	int status;

	while (pair->pid[0] || pair->pid[1]) {
		for (int i = 0; i < 2; i++) {
			if (!pair->pid[i] ||
			    waitpid(pair->pid[i], &status, WNOHANG) != pair->pid[i])
				continue;
			pair->pid[i] = 0;
			judge(pair, i, status);
			if (pair->why[0])
				kill_all(pair);
		}
		print_progress(&pair->options, pair->report, false);
		usleep(TICK_US);
	}
	print_progress(&pair->options, pair->report, true);
}

/* What both said fits together */
static void compare(struct pair *pair)
{
	const struct report *report = pair->report;

	for (int i = 0; i < 2 && !pair->why[0]; i++) {
		if (report[!i].received != pair->options.bytes)
			fail(pair, "%s received %llu bytes of %llu",
			     report[!i].name,
			     (unsigned long long)report[!i].received,
			     (unsigned long long)pair->options.bytes);
		if (report[i].sent_sum != report[!i].received_sum)
			fail(pair, "the checksums from %s to %s differ",
			     report[i].name, report[!i].name);
		if (!report[i].stats.interrupts)
			fail(pair, "%s had no interrupt", report[i].name);
	}
}

static void print_help(FILE *to)
{
	fputs("usage: ism-pair [OPTION]... FUNCTION FUNCTION\n"
	      "Moves data between two ISM functions of one fabric, each named zpci0, fid:0x1,\n"
	      "uid:0x1 or 0001:00:00.0, and owned by a process of its own.\n"
	      "  -n, --bytes SIZE     how much each side sends, 64M if nothing is said\n"
	      "  -d, --dmb SIZE       length of each DMB, 16K to 1M in steps of 4K, 256K if\n"
	      "                       nothing is said\n"
	      "  -s, --send SIZE      bytes that the peer is told of at once, up to half a DMB\n"
	      "                       less 4K; 65521 or that if nothing is said\n"
	      "  -k, --kill           kill the second side at the end; the first has to hear of it\n"
	      "  -p, --progress STEP  in steps of so many percent, 25 if nothing is said; on a\n"
	      "                       terminal there is a bar\n"
	      "  -h, --help           print this\n"
	      "SIZE is a number of bytes, or of KiB with K, MiB with M, GiB with G after it.\n",
	      to);
}

/* @text as a number of bytes from @min to @max */
static bool parse_size(const char *text, uint64_t min, uint64_t max,
		       uint64_t *size)
{
	unsigned long long value;
	char unit = 0, rest;
	int n;

	n = *text >= '0' && *text <= '9' ?
	    sscanf(text, "%llu%c%c", &value, &unit, &rest) : 0;
	if (n != 1 && n != 2)
		return false;
	for (const char *u = "KMG"; n == 2; u++) {
		if (!*u || value > max / 1024)
			return false;
		value *= 1024;
		if (*u == unit)
			break;
	}
	*size = value;
	return value >= min && value <= max;
}

static bool parse_option(struct options *options, int opt)
{
	uint64_t size;

	switch (opt) {
	case 'n':
		return parse_size(optarg, 1, INT64_MAX, &options->bytes);
	case 'd':
		if (!parse_size(optarg, 16384, ISM_HW_SEGMENT, &size) ||
		    size % ISM_HW_PAGE)
			return false;
		options->dmb_len = size;
		return true;
	case 's':
		if (!parse_size(optarg, 1, ISM_HW_SEGMENT, &size))
			return false;
		options->send_len = size;
		return true;
	case 'p':
		if (!parse_size(optarg, 1, 100, &size))
			return false;
		options->step = size;
		return true;
	case 'k':
		options->kill = true;
		return true;
	default:
		return false;
	}
}

/* One send must fit when the peer has told of all but half a circle */
static bool settle(struct options *options)
{
	uint32_t max = options->dmb_len / 2 - ISM_HW_PAGE;

	if (!options->send_len)
		options->send_len = max < 65521 ? max : 65521;
	if (options->send_len <= max)
		return true;
	fprintf(stderr, "ism-pair: with DMBs of %u bytes --send is up to %u\n",
		options->dmb_len, max);
	return false;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "bytes", required_argument, NULL, 'n' },
		{ "dmb", required_argument, NULL, 'd' },
		{ "send", required_argument, NULL, 's' },
		{ "kill", no_argument, NULL, 'k' },
		{ "progress", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	static struct pair pair = {
		.options = {
			.bytes = 64 * 1024 * 1024, .dmb_len = 256 * 1024,
			.timeout_ms = 30000, .step = 25,
		},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "hkn:d:s:p:", long_options,
				  NULL)) != -1) {
		if (opt == 'h') {
			print_help(stdout);
			return 0;
		}
		if (!parse_option(&pair.options, opt)) {
			if (opt != '?')
				fprintf(stderr, "ism-pair: option -%c does not take '%s' here\n",
					opt, optarg);
			print_help(stderr);
			return 2;
		}
	}
	if (argc - optind != 2 || !settle(&pair.options)) {
		print_help(stderr);
		return 2;
	}

	if (!start_both(&pair, argv + optind))
		kill_all(&pair);
	if (pair.report != MAP_FAILED) {
		watch(&pair);
		compare(&pair);
		/* Of a failure in the middle as well */
		if (pair.report[0].ns && pair.report[1].ns)
			print_results(&pair.options, pair.report);
	}
	if (pair.why[0]) {
		printf("ism: FAIL %s\n", pair.why);
		return 1;
	}
	puts("ism: PASS");
	return 0;
}
