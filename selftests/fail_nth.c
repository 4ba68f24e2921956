// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation fails once: each call is made again and again, and the kernel
 * told to fail the first allocation of the first one, the second of the second
 * one and so on, until a call makes fewer than that. A call that failed tells
 * so, has changed nothing, and works the next time. What a failure forgets to
 * give back is found by kmemleak, by counts of files, and by the address space
 * that could not be destroyed.
 *
 * Needs a kernel with CONFIG_FAULT_INJECTION and CONFIG_FAILSLAB.
 */
#include <linux/genetlink.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <linux/zpcifd_netlink.h>

#include "sim_own.h"

#define OWN SIM_CONFIGFS "/selftest-fail-nth"
#define FAILSLAB "/sys/kernel/debug/failslab/"

/* No call makes as many allocations */
#define MANY 5000
#define SLOW 600

#define IOVA 0x100000000ULL

FIXTURE(fail_nth)
{
	struct function f;
	struct ring r;
	struct ring other;
	__u32 other_ioas;
	/* /proc/self/fail-nth, and the genetlink sockets: to ask, and to listen */
	int nth;
	int ask;
	int listen;
	__u16 family;
	int eventfd;
	int file;
	void *memory;
	/* Name of the function, and the directory of another one */
	char name[32];
	const char *second;
};

/* Arms the next allocation but @nth - 1 of this thread; 0 disarms */
static void arm(struct __test_metadata *_metadata, int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	ASSERT_EQ(len, pwrite(fd, text, len, 0));
}

/* Returns whether an allocation failed since arm() */
static bool disarm(struct __test_metadata *_metadata, int fd)
{
	char text[16] = "";

	ASSERT_LT(0, pread(fd, text, sizeof(text) - 1, 0));
	arm(_metadata, fd, 0);
	return !strtoul(text, NULL, 0);
}

/* Aligned as netlink wants it */
static __u32 message_words[16384];
static char *const message = (char *)message_words;

/* Asks the kernel; returns a negative errno, or the length of what it answered */
static int genl_ask(int fd, __u16 type, __u8 cmd, __u16 flags, __u16 attr, const void *data,
		    __u16 len)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)message;
	struct genlmsghdr *genl = NLMSG_DATA(nlh);
	struct nlattr *nla = (void *)genl + GENL_HDRLEN;
	int ret;

	/* What a call that failed left unread */
	while (recv(fd, message, sizeof(message_words), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
	memset(message, 0, 256);
	*nlh = (struct nlmsghdr){
		.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	genl->cmd = cmd;
	genl->version = ZPCIFD_FAMILY_VERSION;
	if (data) {
		nla->nla_type = attr;
		nla->nla_len = NLA_HDRLEN + len;
		memcpy((void *)nla + NLA_HDRLEN, data, len);
		nlh->nlmsg_len += NLA_ALIGN(nla->nla_len);
	}
	if (send(fd, message, nlh->nlmsg_len, 0) < 0)
		return -errno;
	ret = recv(fd, message, sizeof(message_words), MSG_DONTWAIT);
	if (ret < 0)
		return -errno;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
	return ret;
}

static const struct nlattr *find_attr(const void *attrs, int len, __u16 type)
{
	const struct nlattr *nla;

	for (nla = attrs; len >= (int)NLA_HDRLEN; nla = attrs) {
		if ((nla->nla_type & NLA_TYPE_MASK) == type)
			return nla;
		attrs += NLA_ALIGN(nla->nla_len);
		len -= NLA_ALIGN(nla->nla_len);
	}
	return NULL;
}

static __u32 attr_u32(const struct nlattr *nla)
{
	return *(__u32 *)((void *)nla + NLA_HDRLEN);
}

/* Finds the number of the family and joins its one group */
static void genl_open(struct __test_metadata *_metadata, struct _test_data_fail_nth *self)
{
	const void *attrs = message + NLMSG_LENGTH(GENL_HDRLEN);
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const struct nlattr *nla;
	__u32 group;
	int len;

	self->ask = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	self->listen = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			      NETLINK_GENERIC);
	ASSERT_LE(0, self->ask);
	ASSERT_LE(0, self->listen);
	len = genl_ask(self->ask, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_NAME,
		       ZPCIFD_FAMILY_NAME, sizeof(ZPCIFD_FAMILY_NAME));
	ASSERT_LT(0, len);
	len -= NLMSG_LENGTH(GENL_HDRLEN);
	nla = find_attr(attrs, len, CTRL_ATTR_FAMILY_ID);
	ASSERT_NE(NULL, nla);
	self->family = attr_u32(nla);
	nla = find_attr(attrs, len, CTRL_ATTR_MCAST_GROUPS);
	ASSERT_NE(NULL, nla);
	/* A list with one group */
	nla = find_attr((void *)nla + 2 * NLA_HDRLEN, nla->nla_len - 2 * NLA_HDRLEN,
			CTRL_ATTR_MCAST_GRP_ID);
	ASSERT_NE(NULL, nla);
	group = attr_u32(nla);
	/* A socket without an address is told of nothing */
	ASSERT_EQ(0, bind(self->listen, (struct sockaddr *)&any, sizeof(any)));
	ASSERT_EQ(0, setsockopt(self->listen, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
				sizeof(group)));
}

FIXTURE_SETUP(fail_nth)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.length = 16 * TEST_PAGE,
		.iova = IOVA,
	};

	function_open(_metadata, &self->f);
	if (!is_simulated(&self->f))
		SKIP(return, "the kernels with physical functions do not inject faults");
	self->nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->nth < 0 || access(FAILSLAB, F_OK))
		SKIP(return, "this kernel has no CONFIG_FAULT_INJECTION, or no CONFIG_FAILSLAB");
	/* Allocations that may sleep too, and without a word about each */
	ASSERT_EQ(0, file_write(FAILSLAB "ignore-gfp-wait", "N"));
	ASSERT_EQ(0, file_write(FAILSLAB "verbose", "0"));

	function_close(&self->f);
	/* A test that failed may have left it */
	rmdir(OWN);
	rmdir(OWN "-2");
	ASSERT_EQ(0, mkdir(OWN, 0755)) {
		TH_LOG(OWN ": %s", strerror(errno));
	}
	ASSERT_EQ(0, sim_set(OWN, "live", "1"));
	ASSERT_EQ(0, sim_open_function(OWN, &self->f));
	ASSERT_EQ(0, ioas_alloc(self->f.iommufd, &self->other_ioas));
	self->memory = mmap(NULL, map.length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	map.user_va = (uintptr_t)self->memory;
	map.ioas_id = self->f.ioas;
	ASSERT_EQ(0, call(self->f.iommufd, IOMMU_IOAS_MAP, &map));
	self->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->eventfd);
	genl_open(_metadata, self);
	ASSERT_EQ(0, sim_get(OWN, "name", self->name, sizeof(self->name)));
	self->second = OWN "-2";
}

FIXTURE_TEARDOWN(fail_nth)
{
	/* Nothing uses the address spaces any more */
	close(self->f.fd);
	EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, self->f.ioas));
	EXPECT_EQ(0, iommufd_destroy(self->f.iommufd, self->other_ioas));
	self->f.fd = sim_open(OWN);
	EXPECT_EQ(0, function_bind(&self->f));
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
	EXPECT_EQ(0, rmdir(OWN));
}

/**
 * struct op - A call that is made with each of its allocations failing once
 * @name: What it is
 * @run: Makes it; returns 0 or a negative errno
 * @undo: Takes it back when it worked, or NULL
 * @other: An errno beside ENOMEM that it may fail with, or 0
 * @spared: It needs no memory, and never fails
 */
struct op {
	const char *name;
	int (*run)(struct _test_data_fail_nth *self);
	int (*undo)(struct _test_data_fail_nth *self);
	int other;
	bool spared;
};

static void fail_each(struct __test_metadata *_metadata, struct _test_data_fail_nth *self,
		      const struct op *op)
{
	unsigned int fds, nth, failed = 0;
	bool injected = true;
	int ret;

	/* Memory of the program and of caches is there from then on */
	ret = op->run(self);
	ASSERT_EQ(0, ret) {
		TH_LOG("%s: %s", op->name, strerror(-ret));
	}
	ASSERT_EQ(0, op->undo ? op->undo(self) : 0);
	fds = count_fds();
	for (nth = 1; injected && nth < MANY; nth++) {
		arm(_metadata, self->nth, nth);
		ret = op->run(self);
		injected = disarm(_metadata, self->nth);
		if (ret && (ret != op->other || !op->other))
			EXPECT_EQ(-ENOMEM, ret) {
				TH_LOG("%s, allocation %u: %s", op->name, nth, strerror(-ret));
			}
		if (ret)
			EXPECT_TRUE(injected);
		failed += !!ret;
		if (!ret && op->undo)
			ASSERT_EQ(0, op->undo(self)) {
				TH_LOG("%s, allocation %u", op->name, nth);
			}
	}
	TH_LOG("%s: %u allocations failed, and %u calls with them", op->name, nth - 2, failed);
	EXPECT_GT(MANY, nth);
	/* Or nothing was injected */
	EXPECT_EQ(op->spared, !failed);
	EXPECT_EQ(fds, count_fds());
}

static int run_open(struct _test_data_fail_nth *self)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->f.fd);
	self->file = open(path, O_RDWR | O_CLOEXEC);
	return self->file < 0 ? -errno : 0;
}

static int close_file(struct _test_data_fail_nth *self)
{
	return close(self->file) ? -errno : 0;
}

static int run_bind(struct _test_data_fail_nth *self)
{
	return function_bind(&self->f);
}

/* Ends the ownership, which nothing but a close does */
static int undo_bind(struct _test_data_fail_nth *self)
{
	close(self->f.fd);
	self->f.fd = sim_open(OWN);
	return self->f.fd < 0 ? self->f.fd : 0;
}

static int run_attach(struct _test_data_fail_nth *self)
{
	return function_attach(&self->f, self->f.ioas);
}

static int undo_attach(struct _test_data_fail_nth *self)
{
	return function_detach(&self->f);
}

static int run_replace(struct _test_data_fail_nth *self)
{
	return function_replace(&self->f, self->other_ioas);
}

static int undo_replace(struct _test_data_fail_nth *self)
{
	return function_replace(&self->f, self->f.ioas);
}

TEST_F_TIMEOUT(fail_nth, ownership, SLOW)
{
	static const struct op ops[] = {
		{ "open", run_open, close_file, 0, false },
		{ "BIND_IOMMUFD", run_bind, undo_bind, 0, false },
		{ "ATTACH", run_attach, undo_attach, 0, true },
		{ "REPLACE", run_replace, undo_replace, 0, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(ops); i++) {
		fail_each(_metadata, self, &ops[i]);
		/* What comes next needs it */
		if (ops[i].run != run_open)
			ASSERT_EQ(0, ops[i].run(self));
	}
}

static int create(struct _test_data_fail_nth *self, __u32 flags, bool windows)
{
	struct zpcifd_ring_window window = {
		.len = 0x1000, .opcodes = 1 << ZPCIFD_OP_PCILG, .as = 0,
	};
	struct zpcifd_ring_create layout = {
		.size = sizeof(layout),
		.flags = flags,
		.sq_entries = 8,
		.data_len = TEST_PAGE,
		.eventfd = flags & ZPCIFD_RING_EVENTFD ? self->eventfd : 0,
		.nr_windows = windows,
		.windows = windows ? (uintptr_t)&window : 0,
	};
	int ret = call(self->f.fd, ZPCIFD_RING_CREATE, &layout);

	self->file = layout.out_fd;
	return ret;
}

static int run_ring(struct _test_data_fail_nth *self)
{
	return create(self, 0, false);
}

static int run_ring_windows(struct _test_data_fail_nth *self)
{
	return create(self, 0, true);
}

static int run_ring_eventfd(struct _test_data_fail_nth *self)
{
	return create(self, ZPCIFD_RING_EVENTFD, true);
}

static int run_ring_sqpoll(struct _test_data_fail_nth *self)
{
	return create(self, ZPCIFD_RING_EVENTFD | ZPCIFD_RING_SQPOLL, true);
}

static int run_mmap(struct _test_data_fail_nth *self)
{
	self->other = self->r;
	return ring_map(&self->other);
}

static int undo_mmap(struct _test_data_fail_nth *self)
{
	return munmap(self->other.map, self->other.layout.out_mmap_len) ? -errno : 0;
}

/* Runs one descriptor; ENOMEM is what the simulator means by status 16 */
static int enter(struct _test_data_fail_nth *self, struct zpcifd_sqe sqe, __u64 *data)
{
	struct zpcifd_cqe cqe;

	ring_push(&self->r, sqe);
	if (ring_enter(&self->r, 1) != 1 || !ring_pop(&self->r, &cqe))
		return -EPROTO;
	*data = cqe.data;
	if (cqe.res == -EIO && cqe.cc == 1 && cqe.status == 16)
		return -ENOMEM;
	return cqe.res;
}

/* A page of a BAR that nothing was stored to yet */
static int run_store(struct _test_data_fail_nth *self)
{
	__u64 data;

	return enter(self, sqe_store(0, TEST_SCRATCH, 8, 1), &data);
}

static int undo_store(struct _test_data_fail_nth *self)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };

	return call(self->f.fd, ZPCIFD_RESET, &reset);
}

/* A command of the simulator's DMA; 5, not mapped, is what it makes of ENOMEM */
static int dma(struct _test_data_fail_nth *self, __u32 command)
{
	const struct zpcifd_sqe sqes[] = {
		sqe_store(0, 0x10, 8, IOVA), sqe_store(0, 0x18, 8, IOVA + TEST_PAGE),
		sqe_store(0, 0x20, 4, TEST_PAGE), sqe_store(0, 0x24, 4, command),
		sqe_load(0, 0x28, 4),
	};
	__u64 status = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_LEN(sqes); i++) {
		ret = enter(self, sqes[i], &status);
		if (ret)
			return ret;
	}
	return status == 1 ? 0 : status == 5 ? -ENOMEM : -EPROTO;
}

static int run_copy(struct _test_data_fail_nth *self)
{
	return dma(self, 1);
}

static int run_pin(struct _test_data_fail_nth *self)
{
	return dma(self, 2);
}

static int undo_pin(struct _test_data_fail_nth *self)
{
	return dma(self, 3);
}

TEST_F_TIMEOUT(fail_nth, rings, SLOW)
{
	static const struct op ops[] = {
		{ "RING_CREATE", run_ring, close_file, 0, false },
		{ "RING_CREATE with windows", run_ring_windows, close_file, 0, false },
		{ "RING_CREATE with windows and eventfd", run_ring_eventfd, close_file, 0, false },
		{ "RING_CREATE with all that and SQPOLL", run_ring_sqpoll, close_file, 0, false },
		{ "mmap", run_mmap, undo_mmap, 0, false },
		{ "ENTER with a store", run_store, undo_store, 0, false },
		{ "ENTER with a copy by DMA", run_copy, NULL, 0, true },
		{ "ENTER with a pin", run_pin, undo_pin, 0, false },
	};
	unsigned int i;

	ASSERT_EQ(0, function_bind(&self->f));
	ASSERT_EQ(0, function_attach(&self->f, self->f.ioas));
	ring_open(_metadata, self->f.fd, &self->r, 8, 8, TEST_PAGE);
	for (i = 0; i < ARRAY_LEN(ops); i++)
		fail_each(_metadata, self, &ops[i]);
	ring_close(&self->r);
}

static int set_irq(struct _test_data_fail_nth *self, __u32 flags, __s32 eventfd)
{
	__s32 fds[4] = { eventfd, eventfd, eventfd, eventfd };
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq),
		.flags = flags,
		.type = ZPCIFD_IRQ_MSIX,
		.count = ARRAY_LEN(fds),
		.eventfds = flags ? 0 : (uintptr_t)fds,
	};

	return call(self->f.fd, ZPCIFD_IRQ_SET, &irq);
}

static int run_wire(struct _test_data_fail_nth *self)
{
	return set_irq(self, 0, self->eventfd);
}

/* All four vectors were wired; none is afterwards */
static int undo_wire(struct _test_data_fail_nth *self)
{
	eventfd_t count;
	int ret = set_irq(self, ZPCIFD_IRQ_TRIGGER, 0);

	if (ret)
		return ret;
	if (eventfd_read(self->eventfd, &count) || count != 4)
		return -EPROTO;
	return set_irq(self, 0, -1);
}

TEST_F_TIMEOUT(fail_nth, interrupts, SLOW)
{
	static const struct op wire = { "IRQ_SET", run_wire, undo_wire, 0, false };
	eventfd_t count;

	ASSERT_EQ(0, function_bind(&self->f));
	fail_each(_metadata, self, &wire);
	/* No vector was left wired by a call that failed */
	EXPECT_EQ(0, set_irq(self, ZPCIFD_IRQ_TRIGGER, 0));
	EXPECT_EQ(-1, eventfd_read(self->eventfd, &count));
}

static int run_get(struct _test_data_fail_nth *self)
{
	int ret = genl_ask(self->ask, self->family, ZPCIFD_NL_CMD_DEV_GET, 0, ZPCIFD_A_DEV_NAME,
			   self->name, strlen(self->name) + 1);

	return ret > 0 ? 0 : ret ?: -EPROTO;
}

static bool dump_is_done(int len)
{
	const struct nlmsghdr *nlh;

	for (nlh = (struct nlmsghdr *)message; NLMSG_OK(nlh, (unsigned int)len);
	     nlh = NLMSG_NEXT(nlh, len))
		if (nlh->nlmsg_type == NLMSG_DONE)
			return true;
	return false;
}

/* All parts, up to the one that says that there is no more */
static int run_dump(struct _test_data_fail_nth *self)
{
	int ret = genl_ask(self->ask, self->family, ZPCIFD_NL_CMD_DEV_GET, NLM_F_DUMP, 0, NULL,
			   0);

	while (ret > 0 && !dump_is_done(ret)) {
		ret = recv(self->ask, message, sizeof(message_words), MSG_DONTWAIT);
		if (ret < 0)
			ret = -errno;
	}
	return ret > 0 ? 0 : ret ?: -EPROTO;
}

/* The listener is told of a reset, or that it was not told of something */
static int run_event(struct _test_data_fail_nth *self)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	int ret = call(self->f.fd, ZPCIFD_RESET, &reset);
	char event[4096];

	if (ret)
		return -EPROTO;
	return recv(self->listen, event, sizeof(event), 0) < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(fail_nth, netlink, SLOW)
{
	/* ENOBUFS is what a socket says when the answer itself was lost */
	static const struct op ops[] = {
		{ "DEV_GET", run_get, NULL, -ENOBUFS, false },
		{ "DEV_GET of all", run_dump, NULL, -ENOBUFS, false },
		{ "an event", run_event, NULL, -ENOBUFS, false },
	};
	char event[4096];
	unsigned int i;

	ASSERT_EQ(0, function_bind(&self->f));
	EXPECT_LT(0, recv(self->listen, event, sizeof(event), 0));
	for (i = 0; i < ARRAY_LEN(ops); i++)
		fail_each(_metadata, self, &ops[i]);
}

static int run_mkdir(struct _test_data_fail_nth *self)
{
	return mkdir(self->second, 0755) ? -errno : 0;
}

static int undo_mkdir(struct _test_data_fail_nth *self)
{
	return rmdir(self->second) ? -errno : 0;
}

static int run_live(struct _test_data_fail_nth *self)
{
	return sim_set(self->second, "live", "1");
}

static int undo_live(struct _test_data_fail_nth *self)
{
	return sim_set(self->second, "live", "0");
}

TEST_F_TIMEOUT(fail_nth, simulated_functions, SLOW)
{
	static const struct op make = { "mkdir", run_mkdir, undo_mkdir, 0, false };
	static const struct op live = { "live", run_live, undo_live, 0, false };
	char value[16];

	fail_each(_metadata, self, &make);
	ASSERT_EQ(0, mkdir(self->second, 0755));
	fail_each(_metadata, self, &live);
	/* Nothing half made */
	EXPECT_EQ(0, sim_get(self->second, "live", value, sizeof(value)));
	EXPECT_STREQ("0", value);
	EXPECT_EQ(0, rmdir(self->second));
}

TEST_HARNESS_MAIN
