// SPDX-License-Identifier: GPL-2.0
/*
 * A ring that is narrower than its function, in the hands of another process:
 * that can issue what the ring's windows allow and nothing else, whatever it
 * writes to the ring's memory and whatever it calls, and for no longer than the
 * owner lives
 */
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "pass_fd.h"
#include "sim_log.h"
#include "submit.h"

#define ENTRIES 64

/* Opcodes of a window */
enum {
	LG = 1 << ZPCIFD_OP_PCILG,
	STG = 1 << ZPCIFD_OP_PCISTG,
	STB = 1 << ZPCIFD_OP_PCISTB,
};

FIXTURE(windows)
{
	struct function f;
	struct ring r;
};

SUBMISSION_VARIANTS(windows);

static struct zpcifd_ring_window window(__u8 as, __u64 offset, __u64 len, __u32 opcodes)
{
	return (struct zpcifd_ring_window){
		.offset = offset, .len = len, .opcodes = opcodes, .as = as,
	};
}

/*
 * Windows at the scratch page, with edges that a legal instruction can lie
 * across, and two that adjoin
 */
static void windows_fill(const struct function *f, struct zpcifd_ring_window *w)
{
	w[0] = window(f->bar, TEST_SCRATCH + 0x104, 0x38, LG | STG);
	w[1] = window(f->bar, TEST_SCRATCH + 0x13c, 0x14, LG);
	w[2] = window(f->bar, TEST_SCRATCH + 0x208, 0x80, STB);
	w[3] = window(f->bar, TEST_SCRATCH + 0x410, 0x10, STB);
	w[4] = window(ZPCIFD_AS_CONFIG, 0, 4, LG);
}

#define NR_WINDOWS 5

static int create(const struct function *f, struct zpcifd_ring_create *layout, __u32 nr,
		  const struct zpcifd_ring_window *windows)
{
	*layout = (struct zpcifd_ring_create){
		.size = sizeof(*layout),
		.flags = ring_submission ? ring_submission->flags : 0,
		.sq_entries = ENTRIES,
		.data_len = TEST_PAGE,
		.out_fd = -1,
		.nr_windows = nr,
		.windows = (uintptr_t)windows,
	};
	return call(f->fd, ZPCIFD_RING_CREATE, layout);
}

/*
 * As ring_open() does, for a ring that another one may have made, which knows the
 * ring's thread
 */
static int use(struct ring *r, const struct zpcifd_ring_create *layout, int fd, pid_t thread)
{
	int ret;

	*r = (struct ring){ .layout = *layout, .fd = fd, .thread = thread };
	ret = ring_map(r);
	if (ret)
		return ret;
	r->submission = ring_submission;
	return r->submission ? r->submission->open(r) : 0;
}

FIXTURE_SETUP(windows)
{
	struct zpcifd_ring_window w[NR_WINDOWS];
	struct zpcifd_ring_create layout;

	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	windows_fill(&self->f, w);
	ASSERT_EQ(0, create(&self->f, &layout, NR_WINDOWS, w));
	/* The kernel has its own copy */
	memset(w, 0xff, sizeof(w));
	ASSERT_EQ(0, use(&self->r, &layout, layout.out_fd, 0));
}

FIXTURE_TEARDOWN(windows)
{
	ring_close(&self->r);
	ring_submission = NULL;
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

/* A descriptor, and what it must complete with */
struct access {
	const char *what;
	struct zpcifd_sqe sqe;
	int res;
};

#define MAX_ACCESSES 64

/* Of a descriptor outside the windows that is legal but for them */
static int refusal(const struct function *f, const struct zpcifd_sqe *sqe)
{
	__u64 size = f->info.out_bar_size[sqe->as];

	return sqe->offset < size && sqe->len <= size - sqe->offset ? -EACCES : -ERANGE;
}

static unsigned int accesses_fill(const struct function *f, struct access *a)
{
	const __u64 base = TEST_SCRATCH;
	const __u8 bar = f->bar;
	const struct access fixed[] = {
		{ "load inside", sqe_load(bar, base + 0x108, 8), 0 },
		{ "store inside", sqe_store(bar, base + 0x108, 8, 0), 0 },
		{ "first byte", sqe_load(bar, base + 0x104, 1), 0 },
		{ "last byte", sqe_store(bar, base + 0x13b, 1, 0), 0 },
		{ "load in the adjoining window", sqe_load(bar, base + 0x140, 8), 0 },
		{ "all of a block", sqe_block(bar, base + 0x208, 0x80, 0), 0 },
		{ "block at the end", sqe_block(bar, base + 0x278, 0x10, 8), 0 },
		{ "config space", sqe_load(ZPCIFD_AS_CONFIG, 0, 4), 0 },
		{ "half of it", sqe_load(ZPCIFD_AS_CONFIG, 2, 2), 0 },

		{ "load outside", sqe_load(bar, base + 0x80, 8), -EACCES },
		{ "store outside", sqe_store(bar, base + 0x80, 8, 0), -EACCES },
		{ "block outside", sqe_block(bar, base + 0x300, 0x10, 0), -EACCES },
		{ "load of the byte before", sqe_load(bar, base + 0x103, 1), -EACCES },
		{ "store of the byte behind", sqe_store(bar, base + 0x13c, 1, 0), -EACCES },
		{ "load of the byte behind", sqe_load(bar, base + 0x150, 1), -EACCES },
		{ "load across the start", sqe_load(bar, base + 0x100, 8), -EACCES },
		{ "store across the start", sqe_store(bar, base + 0x100, 8, 0), -EACCES },
		{ "store across the end", sqe_store(bar, base + 0x138, 8, 0), -EACCES },
		{ "load across two windows", sqe_load(bar, base + 0x138, 8), -EACCES },
		{ "block across the start", sqe_block(bar, base + 0x200, 0x10, 0), -EACCES },
		{ "block across the end", sqe_block(bar, base + 0x280, 0x10, 0), -EACCES },
		{ "block across all of a window", sqe_block(bar, base + 0x400, 0x40, 0),
		  -EACCES },
		{ "store to a window of loads", sqe_store(bar, base + 0x140, 8, 0), -EACCES },
		{ "block to a window of loads", sqe_block(bar, base + 0x140, 0x10, 0), -EACCES },
		{ "block to one of loads and stores", sqe_block(bar, base + 0x108, 0x10, 0),
		  -EACCES },
		{ "load from a window of blocks", sqe_load(bar, base + 0x208, 8), -EACCES },
		{ "store to a window of blocks", sqe_store(bar, base + 0x208, 8, 0), -EACCES },
		{ "more of config space", sqe_load(ZPCIFD_AS_CONFIG, 4, 4), -EACCES },
		{ "a window's place in config space", sqe_load(ZPCIFD_AS_CONFIG, 0x108, 4),
		  -EACCES },
		{ "config space's place in the BAR", sqe_load(bar, 0, 4), -EACCES },
		{ "end of config space", sqe_load(ZPCIFD_AS_CONFIG, 0xffc, 4), -EACCES },
		/* The cache line size, which the owner may store to */
		{ "store to config space", sqe_store(ZPCIFD_AS_CONFIG, 0xc, 1, 0), -EACCES },
	};
	unsigned int n = ARRAY_LEN(fixed), i;
	__u8 as;

	memcpy(a, fixed, sizeof(fixed));
	/* The same places in all other address spaces */
	for (as = 0; as < ZPCIFD_NR_BARS; as++) {
		if (as == bar)
			continue;
		a[n++].sqe = sqe_load(as, base + 0x108, 8);
		a[n++].sqe = sqe_store(as, base + 0x108, 8, 0);
		a[n++].sqe = sqe_block(as, base + 0x208, 0x10, 0);
	}
	for (i = ARRAY_LEN(fixed); i < n; i++) {
		a[i].what = "another BAR";
		a[i].res = refusal(f, &a[i].sqe);
	}
	return n;
}

/* What the other process is asked to do with the ring, and what came of it */
struct request {
	enum { RUN, SCRIBBLE, IOCTLS, READ_AND_WRITE, OPEN_AGAIN } what;
	struct zpcifd_sqe sqe;
};

struct reply {
	int ret;
	struct zpcifd_cqe cqe;
};

static int run(struct ring *r, struct zpcifd_sqe sqe, struct zpcifd_cqe *cqe)
{
	int ret;

	ring_push(r, sqe);
	ret = ring_enter(r, 1);
	if (ret == 1 && !ring_pop(r, cqe))
		ret = -EPROTO;
	return ret;
}

/* All of the memory but the counters */
static void scribble(struct ring *r)
{
	memset(r->header->__reserved1, 0xa5, sizeof(r->header->__reserved1));
	memset(r->sqes, 0xff, r->layout.out_mmap_len - r->layout.out_sq_offset);
}

static int open_again(const struct ring *r)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

/* Calls all that a function's file knows, and more; returns how many do not give ENOTTY */
static int call_ioctls(const struct ring *r)
{
	static const unsigned long known[] = {
		ZPCIFD_INFO, ZPCIFD_BIND_IOMMUFD, ZPCIFD_ATTACH, ZPCIFD_REPLACE, ZPCIFD_DETACH,
		ZPCIFD_RING_CREATE, ZPCIFD_IRQ_SET, ZPCIFD_RESET, IOMMU_IOAS_ALLOC,
	};
	struct zpcifd_ring_create arg = { .size = sizeof(arg), .sq_entries = 1 };
	unsigned int i;
	int bad = 0;

	for (i = 0; i < ARRAY_LEN(known); i++)
		bad += call(r->fd, known[i], &arg) != -ENOTTY;
	for (i = 0; i < 256; i++)
		if (i != ZPCIFD_CMD_RING_ENTER)
			bad += call(r->fd, _IO(ZPCIFD_TYPE, i), &arg) != -ENOTTY;
	return bad;
}

static struct reply serve_one(struct ring *r, const struct request *request)
{
	struct reply reply = {};
	char byte = 0;

	switch (request->what) {
	case RUN:
		reply.ret = run(r, request->sqe, &reply.cqe);
		break;
	case SCRIBBLE:
		scribble(r);
		break;
	case IOCTLS:
		reply.ret = call_ioctls(r);
		break;
	case READ_AND_WRITE:
		reply.ret = read(r->fd, &byte, 1) < 0 && write(r->fd, &byte, 1) < 0 ? -errno : 0;
		break;
	case OPEN_AGAIN:
		reply.ret = open_again(r);
		break;
	}
	return reply;
}

/* The other process: has nothing but the socket and what comes through it */
static int serve(int socket, const struct ring *theirs)
{
	struct request request;
	struct reply reply;
	struct ring r;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(socket, 3) != 3 || close_range(4, ~0U, 0))
		return 1;
	fd = receive_fd(3);
	if (fd < 0 || use(&r, &theirs->layout, fd, theirs->thread))
		return 2;
	while (read(3, &request, sizeof(request)) == sizeof(request)) {
		reply = serve_one(&r, &request);
		if (write(3, &reply, sizeof(reply)) != sizeof(reply))
			return 3;
	}
	return 0;
}

struct other {
	int socket;
	pid_t pid;
};

static void other_start(struct __test_metadata *_metadata, struct other *o,
			const struct ring *r)
{
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	o->pid = fork();
	ASSERT_LE(0, o->pid);
	if (!o->pid)
		_exit(serve(sockets[1], r));
	close(sockets[1]);
	o->socket = sockets[0];
	ASSERT_EQ(0, send_fd(o->socket, r->fd));
}

static void other_stop(struct __test_metadata *_metadata, struct other *o)
{
	int status;

	close(o->socket);
	ASSERT_EQ(o->pid, waitpid(o->pid, &status, 0));
	EXPECT_EQ(0, status) {
		TH_LOG("the other process ended with %d", WEXITSTATUS(status));
	}
}

static struct reply ask(struct __test_metadata *_metadata, struct other *o,
			struct request request)
{
	struct reply reply;

	ASSERT_EQ(sizeof(request), write(o->socket, &request, sizeof(request)));
	ASSERT_EQ(sizeof(reply), read(o->socket, &reply, sizeof(reply)));
	return reply;
}

/* On a simulated function, the accesses inside were issued since @log, and no other */
static void expect_issued(struct __test_metadata *_metadata, const struct function *f,
			  const struct access *accesses, unsigned int n, __u64 log)
{
	struct sim_insn insns[MAX_ACCESSES];
	unsigned int i, issued = 0;
	int logged;

	logged = sim_log_read(f, log, insns, MAX_ACCESSES);
	ASSERT_LE(0, logged);
	for (i = 0; i < n; i++) {
		const struct zpcifd_sqe *sqe = &accesses[i].sqe;

		if (accesses[i].res)
			continue;
		ASSERT_GT(logged, issued);
		EXPECT_EQ(sqe->opcode, insns[issued].opcode);
		EXPECT_EQ(sqe->as, insns[issued].as);
		EXPECT_EQ(sqe->offset, insns[issued].offset) {
			TH_LOG("%s", accesses[i].what);
		}
		EXPECT_EQ(sqe->len, insns[issued].len);
		issued++;
	}
	EXPECT_EQ(issued, logged);
}

static void expect_accesses(struct __test_metadata *_metadata, const struct function *f,
			    struct other *o)
{
	struct access accesses[MAX_ACCESSES] = {};
	unsigned int n = accesses_fill(f, accesses), i;
	__u64 log = is_simulated(f) ? sim_log_next(_metadata, f) : 0;
	struct reply reply;

	ASSERT_GE(MAX_ACCESSES, n);
	for (i = 0; i < n; i++) {
		const struct access *a = &accesses[i];

		reply = ask(_metadata, o, (struct request){ .sqe = sqe_user(a->sqe, i) });
		EXPECT_EQ(1, reply.ret);
		EXPECT_EQ(i, reply.cqe.user_data);
		EXPECT_EQ(a->res, reply.cqe.res) {
			TH_LOG("%s, address space %u", a->what, a->sqe.as);
		}
		EXPECT_EQ(!a->res, reply.cqe.flags == ZPCIFD_CQE_ISSUED) {
			TH_LOG("%s, address space %u", a->what, a->sqe.as);
		}
	}
	if (is_simulated(f))
		expect_issued(_metadata, f, accesses, n, log);
}

TEST_F(windows, another_process_may_do_what_the_windows_allow_and_nothing_else)
{
	struct other o;

	other_start(_metadata, &o, &self->r);
	expect_accesses(_metadata, &self->f, &o);
	/* Nothing of the windows is in the ring's memory */
	ask(_metadata, &o, (struct request){ .what = SCRIBBLE });
	expect_accesses(_metadata, &self->f, &o);
	other_stop(_metadata, &o);
}

TEST_F(windows, another_process_cannot_widen_the_ring)
{
	struct zpcifd_sqe outside = sqe_load(self->f.bar, TEST_SCRATCH + 0x80, 8);
	struct other o;

	other_start(_metadata, &o, &self->r);
	EXPECT_EQ(0, ask(_metadata, &o, (struct request){ .what = IOCTLS }).ret);
	EXPECT_EQ(-EINVAL, ask(_metadata, &o, (struct request){ .what = READ_AND_WRITE }).ret);
	EXPECT_EQ(-ENXIO, ask(_metadata, &o, (struct request){ .what = OPEN_AGAIN }).ret);
	EXPECT_EQ(-EACCES, ask(_metadata, &o, (struct request){ .sqe = outside }).cqe.res);
	other_stop(_metadata, &o);
}

TEST_F(windows, what_one_process_stores_another_one_loads_through_its_own_ring)
{
	const __u64 value = 0x1122334455667788;
	struct zpcifd_sqe sqe = sqe_store(self->f.bar, TEST_SCRATCH + 0x108, 8, value);
	struct zpcifd_cqe cqe;
	struct ring wide;
	struct other o;

	if (!is_simulated(&self->f))
		SKIP(return, "a physical function's scratch page is no memory");
	ring_open(_metadata, self->f.fd, &wide, 4, 4, 0);
	other_start(_metadata, &o, &self->r);
	EXPECT_EQ(1, ask(_metadata, &o, (struct request){ .sqe = sqe }).ret);
	cqe = ring_run(_metadata, &wide, sqe_load(sqe.as, sqe.offset, 8));
	EXPECT_EQ(value, cqe.data);
	other_stop(_metadata, &o);
	ring_close(&wide);
}

TEST_F(windows, another_process_loses_the_ring_with_its_owner)
{
	const struct request request = { .sqe = sqe_id() };
	struct other o;

	other_start(_metadata, &o, &self->r);
	EXPECT_EQ(1, ask(_metadata, &o, request).ret);
	close(self->f.fd);
	EXPECT_EQ(-ENODEV, ask(_metadata, &o, request).ret);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
	other_stop(_metadata, &o);
}

/* Owns the function, gives a ring away, and lives until it is killed */
static void own(int socket)
{
	struct zpcifd_ring_window w[NR_WINDOWS];
	struct zpcifd_ring_create layout;
	struct function f = { .path = getenv("ZPCIFD_FUNCTION") };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	f.fd = open(f.path, O_RDWR | O_CLOEXEC);
	f.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (function_info(f.fd, &f.info) || function_bind(&f))
		_exit(1);
	f.bar = pick_bar(&f.info);
	windows_fill(&f, w);
	if (create(&f, &layout, NR_WINDOWS, w) || send_fd(socket, layout.out_fd) ||
	    write(socket, &layout, sizeof(layout)) != sizeof(layout))
		_exit(2);
	close(layout.out_fd);
	for (;;)
		pause();
}

TEST_F(windows, a_ring_lives_as_long_as_its_owner_that_is_killed)
{
	struct zpcifd_ring_create layout;
	struct pollfd pfd = {};
	struct zpcifd_cqe cqe;
	int sockets[2], status, i;
	struct ring r;
	pid_t owner;

	close(self->f.fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	owner = fork();
	ASSERT_LE(0, owner);
	if (!owner)
		own(sockets[1]);
	close(sockets[1]);
	pfd.fd = receive_fd(sockets[0]);
	ASSERT_LE(0, pfd.fd);
	ASSERT_EQ(sizeof(layout), read(sockets[0], &layout, sizeof(layout)));
	ASSERT_EQ(0, use(&r, &layout, pfd.fd, submit_find_thread(owner)));

	for (i = 0; i < 2 * ENTRIES; i++) {
		ASSERT_EQ(1, run(&r, sqe_id(), &cqe));
		ASSERT_EQ(0, cqe.res);
	}
	ASSERT_EQ(0, kill(owner, SIGKILL));
	ASSERT_EQ(owner, waitpid(owner, &status, 0));
	EXPECT_EQ(-ENODEV, run(&r, sqe_id(), &cqe));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLERR | POLLHUP, pfd.revents);
	ring_close(&r);
	close(sockets[0]);

	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

struct flipper {
	struct ring *r;
	__u64 inside, outside;
	int stop;
};

/* Submits all entries once more, as they are */
static void push_again(struct ring *r)
{
	if (r->submission && r->submission->hold)
		r->tail += ENTRIES;
	else
		__atomic_store_n(&r->header->sq_tail, r->header->sq_tail + ENTRIES,
				 __ATOMIC_RELEASE);
}

/* Moves all descriptors into their window and out of it */
static void *flip(void *data)
{
	struct flipper *f = data;
	bool in = false;
	unsigned int i;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		in = !in;
		for (i = 0; i < ENTRIES; i++)
			__atomic_store_n(&f->r->sqes[i].offset, in ? f->inside : f->outside,
					 __ATOMIC_RELAXED);
		sched_yield();
	}
	return NULL;
}

TEST_F_TIMEOUT(windows, a_descriptor_that_moves_after_the_check_is_issued_where_it_was, 60)
{
	struct flipper f = {
		.r = &self->r,
		.inside = TEST_SCRATCH + 0x108,
		.outside = TEST_SCRATCH + 0x80,
	};
	struct sim_insn *insns = calloc(SIM_LOG_LEN, sizeof(*insns));
	unsigned int inside = 0, outside = 0;
	struct zpcifd_cqe cqe;
	__u64 log = 0, next;
	pthread_t thread;
	int n, i;

	ASSERT_NE(NULL, insns);
	if (is_simulated(&self->f))
		log = sim_log_next(_metadata, &self->f);
	for (i = 0; i < ENTRIES; i++)
		self->r.sqes[i] = sqe_load(self->f.bar, f.inside, 8);
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &f));
	/* On one CPU it takes a while until each of the two had its turn */
	while (!inside || !outside || inside + outside < 20 * ENTRIES) {
		push_again(&self->r);
		sched_yield();
		ASSERT_EQ(ENTRIES, ring_enter(&self->r, ENTRIES));
		while (ring_pop(&self->r, &cqe)) {
			inside += !cqe.res && cqe.flags == ZPCIFD_CQE_ISSUED;
			outside += cqe.res == -EACCES && !cqe.flags;
		}
	}
	__atomic_store_n(&f.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, (inside + outside) % ENTRIES);

	if (is_simulated(&self->f)) {
		next = sim_log_next(_metadata, &self->f);
		EXPECT_EQ(log + inside, next);
		if (next - log > SIM_LOG_LEN)
			log = next - SIM_LOG_LEN;
		n = sim_log_read(&self->f, log, insns, SIM_LOG_LEN);
		EXPECT_EQ(next - log, n);
		for (i = 0; i < n; i++)
			EXPECT_EQ(f.inside, insns[i].offset);
	}
	free(insns);
}

TEST_HARNESS_MAIN
