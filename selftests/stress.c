// SPDX-License-Identifier: GPL-2.0
/*
 * One function in the hands of many processes at the same time: three run batches,
 * each in another way to submit; one wires, moves and parts interrupts while
 * another raises them and a third sleeps until it hears of them; one asks, one
 * resets. What they count agrees in the end, with each other and with the kernel.
 *
 * The environment variable ZPCIFD_STRESS_SECONDS says for how long.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "batch.h"
#include "netlink_test.h"

#define DEFAULT_SECONDS 3

/* An interrupt that was not heard of by then is lost */
#define PATIENCE_SECONDS 60

/* Vectors that are moved between eventfds, and how many each of them has */
#define MAX_MOVED 2
#define POOL 3

/* "zPCIFSIM": a simulated function of the model registers, which has a doorbell */
#define SIM_REGISTERS 0x7a5043494653494dULL
#define SIM_DOORBELL 8

enum { ENTER, SQPOLL, URING, DOORBELL, NR_RINGS };

static const struct submission *const ways[NR_RINGS] = {
	[SQPOLL] = &submit_sqpoll,
	[URING] = &submit_uring,
};

/* What the processes share; all is atomic, but for what one process alone writes */
struct shared {
	/* The time is over */
	int stop;
	/* Rings that were made */
	__u64 rings;
	/* Nobody waits for an interrupt any more */
	int enough;
	/* Whoever raises interrupts is to pause, and does */
	int hold;
	int held;
	/* Interrupts raised, of which the sleeper is to hear, and those it heard of */
	__u64 raised[MAX_MOVED];
	__u64 heard[MAX_MOVED];
	/* Interrupts raised on the vector that comes and goes */
	__u64 others;
	__u64 moves;
	__u64 questions;
	__u64 resets;
	struct tally tallies[NR_RINGS];
};

FIXTURE(stress)
{
	struct netlink n;
	struct shared *shared;
	struct answer before;
	__u64 id;
	bool doorbell;
	__u32 irq_type;
	/* The first vectors are moved; the one after them, if any, comes and goes */
	__u32 moved;
	__u32 vectors;
	int fds[MAX_MOVED][POOL];
	/* Readable when nobody waits for an interrupt any more */
	int end;
};

typedef void (*process_fn)(struct __test_metadata *_metadata, struct _test_data_stress *self);

static bool is_set(const int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(int *flag, int value)
{
	__atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

static __u64 get_sum(const __u64 *sum)
{
	return __atomic_load_n(sum, __ATOMIC_ACQUIRE);
}

static void add(__u64 *sum, __u64 value)
{
	__atomic_add_fetch(sum, value, __ATOMIC_RELEASE);
}

static __u64 seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Wires a vector to an eventfd, or parts it (-1) */
static int wire(const struct _test_data_stress *self, __u32 vector, int fd)
{
	struct zpcifd_irq_set cmd = {
		.size = sizeof(cmd), .type = self->irq_type, .first = vector, .count = 1,
		.eventfds = (uintptr_t)&fd,
	};

	return call(self->n.f.fd, ZPCIFD_IRQ_SET, &cmd);
}

static int trigger(const struct _test_data_stress *self, __u32 vector)
{
	struct zpcifd_irq_set cmd = {
		.size = sizeof(cmd), .flags = ZPCIFD_IRQ_TRIGGER, .type = self->irq_type,
		.first = vector, .count = 1,
	};

	return call(self->n.f.fd, ZPCIFD_IRQ_SET, &cmd);
}

/* What an eventfd has counted since it was last asked */
static __u64 take(int fd)
{
	__u64 count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void find_interrupts(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	const struct zpcifd_info *info = &self->n.f.info;
	__u32 v, i;

	self->irq_type = info->out_msix_vectors ? ZPCIFD_IRQ_MSIX : ZPCIFD_IRQ_MSI;
	self->vectors = info->out_msix_vectors ?: info->out_msi_vectors;
	if (!self->vectors || trigger(self, 0) == -EOPNOTSUPP)
		self->vectors = 0;
	self->moved = self->vectors > MAX_MOVED ? MAX_MOVED : self->vectors > 0;
	for (v = 0; v < self->moved; v++) {
		for (i = 0; i < POOL; i++) {
			self->fds[v][i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
			ASSERT_LE(0, self->fds[v][i]);
		}
		ASSERT_EQ(0, wire(self, v, self->fds[v][0]));
	}
	self->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->end);
}

FIXTURE_SETUP(stress)
{
	struct function *f = &self->n.f;
	struct zpcifd_cqe cqe;
	struct ring r;

	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->shared);
	netlink_open(_metadata, &self->n);
	ASSERT_EQ(0, function_bind(f));
	ASSERT_EQ(0, function_attach(f, f->ioas));
	ASSERT_EQ(0, function_info(f->fd, &f->info));
	ring_open(_metadata, f->fd, &r, 1, 1, 0);
	cqe = ring_run(_metadata, &r, sqe_id());
	ASSERT_EQ(0, cqe.res);
	self->id = cqe.data;
	find_interrupts(_metadata, self);
	if (self->moved && is_simulated(f)) {
		cqe = ring_run(_metadata, &r, sqe_load(0, 0, 8));
		self->doorbell = cqe.data == SIM_REGISTERS;
	}
	ring_close(&r);
	self->before = get(_metadata, &self->n);
}

FIXTURE_TEARDOWN(stress)
{
	netlink_close(&self->n);
}

static void run_batches(struct __test_metadata *_metadata, struct _test_data_stress *self,
			unsigned int ring)
{
	struct batch *b = calloc(1, sizeof(*b));

	ASSERT_NE(NULL, b);
	b->f = &self->n.f;
	b->t = &self->shared->tallies[ring];
	b->id = self->id;
	b->seed = ring + 1;
	ring_submission = ways[ring];
	ring_open(_metadata, self->n.f.fd, &b->r, BATCH_ENTRIES, 0, BATCH_DATA);
	add(&self->shared->rings, 1);
	do
		batch_round(_metadata, b);
	while (!is_set(&self->shared->stop));
	batch_finish(_metadata, b);
	ring_close(&b->r);
	free(b);
}

static void enter(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	run_batches(_metadata, self, ENTER);
}

static void sqpoll(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	run_batches(_metadata, self, SQPOLL);
}

static void uring(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	run_batches(_metadata, self, URING);
}

/* The function itself raises an interrupt, while it is wired, parted and moved */
static void ring_doorbell(struct __test_metadata *_metadata, struct _test_data_stress *self,
			  struct ring *r, __u32 vector)
{
	struct tally *t = &self->shared->tallies[DOORBELL];
	struct zpcifd_cqe cqe = ring_run(_metadata, r, sqe_store(0, SIM_DOORBELL, 4, vector));

	ASSERT_EQ(0, cqe.res);
	t->submitted++;
	t->completed++;
	t->insns[ZPCIFD_OP_PCISTG]++;
	t->bytes += 4;
}

static void raise_interrupts(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	struct shared *s = self->shared;
	unsigned int seed = 1;
	struct ring r;
	__u32 v;

	if (self->doorbell) {
		ring_open(_metadata, self->n.f.fd, &r, 1, 1, 0);
		add(&s->rings, 1);
	}
	while (!is_set(&s->enough)) {
		if (is_set(&s->hold)) {
			set(&s->held, 1);
			while (is_set(&s->hold) && !is_set(&s->enough))
				sched_yield();
			set(&s->held, 0);
			continue;
		}
		v = rand_r(&seed) % self->moved;
		if (self->doorbell && rand_r(&seed) % 2)
			ring_doorbell(_metadata, self, &r, v);
		else
			ASSERT_EQ(0, trigger(self, v));
		add(&s->raised[v], 1);
	}
	if (self->doorbell)
		ring_close(&r);
}

/* Sleeps until it hears of an interrupt */
static void hear(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[MAX_MOVED * POOL + 1] = {
		{ .events = EPOLLIN, .data.u32 = MAX_MOVED * POOL },
	};
	__u32 v, i;
	int n;

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->end, &events[0]));
	for (v = 0; v < self->moved; v++) {
		for (i = 0; i < POOL; i++) {
			events[0].data.u32 = v * POOL + i;
			ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fds[v][i], &events[0]));
		}
	}
	for (;;) {
		n = epoll_wait(epoll, events, ARRAY_LEN(events), -1);
		ASSERT_LT(0, n);
		while (n--) {
			i = events[n].data.u32;
			if (i == MAX_MOVED * POOL)
				return;
			add(&self->shared->heard[i / POOL], take(self->fds[i / POOL][i % POOL]));
		}
	}
}

/* Nobody raises an interrupt from here on; all that were raised have been heard of */
static void settle(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	const __u64 end = seconds() + PATIENCE_SECONDS;
	struct shared *s = self->shared;
	__u32 v;

	set(&s->hold, 1);
	while (!is_set(&s->held) && !is_set(&s->enough))
		sched_yield();
	for (v = 0; v < self->moved; v++) {
		while (get_sum(&s->heard[v]) < get_sum(&s->raised[v]) && seconds() < end &&
		       !is_set(&s->enough))
			sched_yield();
		if (is_set(&s->enough))
			return;
		ASSERT_EQ(get_sum(&s->raised[v]), get_sum(&s->heard[v])) {
			TH_LOG("vector %u", v);
		}
	}
}

static void go_on(struct _test_data_stress *self)
{
	struct shared *s = self->shared;

	set(&s->hold, 0);
	while (is_set(&s->held) && !is_set(&s->enough))
		sched_yield();
}

/* A vector is wired, counts what it is told, and is parted */
static void come_and_go(struct __test_metadata *_metadata, struct _test_data_stress *self,
			unsigned int n, bool close_early)
{
	const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const __u32 v = self->moved;
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, wire(self, v, fd));
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, trigger(self, v));
	ASSERT_EQ(n, take(fd));
	/* From here on nobody but the kernel may have it */
	if (close_early)
		close(fd);
	ASSERT_EQ(0, trigger(self, v));
	ASSERT_EQ(0, wire(self, v, -1));
	ASSERT_EQ(0, trigger(self, v));
	if (!close_early) {
		ASSERT_EQ(1, take(fd));
		close(fd);
	}
	self->shared->others += n + 1;
}

/* No vector is wired for a while, so interrupts are off */
static void disarm(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	__u32 v;

	for (v = 0; v < self->moved; v++)
		ASSERT_EQ(0, wire(self, v, -1));
	for (v = 0; v < self->moved; v++)
		ASSERT_EQ(0, trigger(self, v));
	for (v = 0; v < self->moved; v++)
		ASSERT_EQ(0, wire(self, v, self->fds[v][0]));
}

static void wire_interrupts(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	struct shared *s = self->shared;
	unsigned int seed = 1, i;

	do {
		for (i = 0; i < 50; i++) {
			__u32 v = rand_r(&seed) % self->moved;

			ASSERT_EQ(0, wire(self, v, self->fds[v][rand_r(&seed) % POOL]));
			s->moves++;
			if (self->vectors > self->moved && i % 8 == 0)
				come_and_go(_metadata, self, rand_r(&seed) % 4, i % 16);
		}
		settle(_metadata, self);
		disarm(_metadata, self);
		settle(_metadata, self);
		go_on(self);
	} while (!is_set(&s->stop));
	settle(_metadata, self);
}

static void ask_all(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	const unsigned int rings = URING + 1 + self->doorbell;
	struct answer last = self->before, now;
	struct netlink *n = &self->n;
	struct zpcifd_info info;
	unsigned int i;

	n->sk = socket_open(_metadata);
	while (get_sum(&self->shared->rings) != rings && !is_set(&self->shared->stop))
		sched_yield();
	do {
		ASSERT_EQ(0, function_info(n->f.fd, &info));
		ASSERT_EQ(0, memcmp(&n->f.info, &info, sizeof(info)));
		now = get(_metadata, n);
		expect_function(_metadata, n, &now);
		ASSERT_EQ(ZPCIFD_STATE_ONLINE, now.state);
		ASSERT_TRUE(now.owned);
		ASSERT_EQ(getppid(), now.owner_pid);
		/* They go when the time is over */
		ASSERT_TRUE(now.rings == rings || is_set(&self->shared->stop));
		for (i = 1; i <= ZPCIFD_A_STATS_MAX; i++) {
			ASSERT_LE(last.stats[i], now.stats[i]) {
				TH_LOG("counter %u", i);
			}
		}
		last = now;
		self->shared->questions++;
	} while (!is_set(&self->shared->stop));
}

static void reset(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	struct zpcifd_reset cmd = { .size = sizeof(cmd) };
	unsigned int seed = 1;

	do {
		ASSERT_EQ(0, call(self->n.f.fd, ZPCIFD_RESET, &cmd));
		self->shared->resets++;
		/* Or the function would do little else */
		usleep(rand_r(&seed) % 10000);
	} while (!is_set(&self->shared->stop));
}

static void start(struct __test_metadata *_metadata, struct _test_data_stress *self,
		  process_fn process)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	process(_metadata, self);
	_exit(0);
}

/* Nobody need wait for an interrupt */
static void end(struct _test_data_stress *self)
{
	const __u64 one = 1;

	set(&self->shared->enough, 1);
	if (write(self->end, &one, sizeof(one)) != sizeof(one))
		abort();
}

static void wire_to_the_end(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	wire_interrupts(_metadata, self);
	end(self);
}

/* Processes end in time, or all of them when one of them finds something wrong */
static void wait_for_all(struct __test_metadata *_metadata, struct _test_data_stress *self,
			 __u64 duration)
{
	const __u64 until = seconds() + duration;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (!pid) {
			if (seconds() >= until)
				set(&self->shared->stop, 1);
			usleep(10000);
			continue;
		}
		EXPECT_EQ(0, status);
		/* The processes' own expectations are in there, too */
		if (_metadata->exit_code) {
			set(&self->shared->stop, 1);
			end(self);
		}
	}
}

static void expect_counters(struct __test_metadata *_metadata, struct _test_data_stress *self)
{
	const struct answer after = get(_metadata, &self->n);
	const struct shared *s = self->shared;
	__u64 want[ZPCIFD_A_STATS_MAX + 1] = { 0 };
	unsigned int i;

	for (i = 0; i < NR_RINGS; i++) {
		const struct tally *t = &s->tallies[i];

		want[ZPCIFD_A_STATS_PCILG] += t->insns[ZPCIFD_OP_PCILG];
		want[ZPCIFD_A_STATS_PCISTG] += t->insns[ZPCIFD_OP_PCISTG];
		want[ZPCIFD_A_STATS_PCISTB] += t->insns[ZPCIFD_OP_PCISTB];
		want[ZPCIFD_A_STATS_BYTES] += t->bytes;
		want[ZPCIFD_A_STATS_ERRORS] += t->cc[1];
		want[ZPCIFD_A_STATS_INVALID_HANDLE] += t->cc[3];
		want[ZPCIFD_A_STATS_REFUSED] += t->refused;
		TH_LOG("ring %u: %llu submitted, %llu completed, %llu refused, cc 1 %llu, 3 %llu",
		       i, t->submitted, t->completed, t->refused, t->cc[1], t->cc[3]);
	}
	want[ZPCIFD_A_STATS_INTERRUPTS] = s->others;
	for (i = 0; i < self->moved; i++)
		want[ZPCIFD_A_STATS_INTERRUPTS] += s->raised[i];
	TH_LOG("%llu interrupts, %llu moves, %llu questions, %llu resets",
	       want[ZPCIFD_A_STATS_INTERRUPTS], s->moves, s->questions, s->resets);
	for (i = 1; i <= ZPCIFD_A_STATS_MAX; i++) {
		EXPECT_EQ(want[i], after.stats[i] - self->before.stats[i]) {
			TH_LOG("counter %u", i);
		}
	}
}

TEST_F_TIMEOUT(stress, processes_that_do_everything_at_once_count_what_the_kernel_counts, 3600)
{
	const char *text = getenv("ZPCIFD_STRESS_SECONDS");
	const process_fn processes[] = { enter, sqpoll, uring, ask_all, reset };
	const process_fn irq_processes[] = { wire_to_the_end, raise_interrupts, hear };
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(processes); i++)
		start(_metadata, self, processes[i]);
	for (i = 0; self->moved && i < ARRAY_LEN(irq_processes); i++)
		start(_metadata, self, irq_processes[i]);
	wait_for_all(_metadata, self, text ? strtoul(text, NULL, 0) : DEFAULT_SECONDS);
	expect_counters(_metadata, self);
	expect_works(_metadata, self->n.f.fd);
}

TEST_HARNESS_MAIN
