/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the kernel interface share: a function, its ring, and
 * descriptors. Nothing but uAPI: the library has a test of its own.
 *
 * The function under test is named by the environment variable
 * ZPCIFD_FUNCTION, for example /dev/zpci/zpci0. Every test leaves it without
 * an owner.
 */
#ifndef ZPCIFD_TEST_H
#define ZPCIFD_TEST_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include <linux/iommufd.h>
#include <linux/zpcifd.h>

#include <kselftest_harness.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The length in which config space, loads and stores count, not the kernel's */
#define TEST_PAGE 4096U

/*
 * Where tests store: of a simulated function's first BAR this is memory, of a
 * virtio function's the page of the ISR register, which ignores stores
 */
#define TEST_SCRATCH 0x1000U

/**
 * struct function - A function under test
 * @path: Its device file
 * @fd: The file, -1 when closed
 * @iommufd: A file of /dev/iommu of its own
 * @devid: ID in @iommufd once bound
 * @ioas: An IOAS of @iommufd
 * @info: What ZPCIFD_INFO said
 * @bar: The BAR that tests load from and store to: from TEST_SCRATCH on, one
 *	page that stores do no harm to
 */
struct function {
	const char *path;
	int fd;
	int iommufd;
	__u32 devid;
	__u32 ioas;
	struct zpcifd_info info;
	__u8 bar;
};

struct ring;

/**
 * struct submission - A way to submit, see submit.h
 * @flags: Flags of the ring
 * @hold: Descriptors are not the kernel's before @start or @enter
 * @open: Called when the ring is mapped
 * @start: Submits and does not wait; returns 0 or a negative errno
 * @finish: Waits for all that was started and can be taken; returns 0 or the first
 *	negative errno
 * @enter: As ZPCIFD_RING_ENTER, when nothing that was started is under way
 * @close: Undoes @open
 */
struct submission {
	__u32 flags;
	bool hold;
	int (*open)(struct ring *ring);
	int (*start)(struct ring *ring, unsigned long count);
	int (*finish)(struct ring *ring);
	int (*enter)(struct ring *ring, unsigned long count);
	void (*close)(struct ring *ring);
};

/* Of the rings that ring_open() makes; NULL is ZPCIFD_RING_ENTER itself */
static const struct submission *ring_submission;

/**
 * struct ring - A ring
 * @fd: Its file
 * @layout: As RING_CREATE told
 * @map: Its memory
 * @header: Its parts
 * @sqes: Its parts
 * @cqes: Its parts
 * @data: Its parts
 * @submission: How descriptors are submitted
 * @private: For @submission
 * @thread: The ring's thread, if it has one
 * @head: With descriptors that are held back: what the kernel is known to have taken
 * @tail: End of the descriptors that are held back
 */
struct ring {
	int fd;
	struct zpcifd_ring_create layout;
	void *map;
	struct zpcifd_ring_header *header;
	struct zpcifd_sqe *sqes;
	struct zpcifd_cqe *cqes;
	__u8 *data;
	const struct submission *submission;
	void *private;
	pid_t thread;
	__u32 head;
	__u32 tail;
};

/* ioctl() that returns a negative errno */
static inline int call(int fd, unsigned long nr, void *arg)
{
	int ret = ioctl(fd, nr, arg);

	return ret < 0 ? -errno : ret;
}

static inline bool is_simulated(const struct function *f)
{
	return f->info.out_features & ZPCIFD_FEATURE_SIM;
}

/* Name in /sys/class/zpcifd */
static inline const char *function_name(const struct function *f)
{
	const char *slash = strrchr(f->path, '/');

	return slash ? slash + 1 : f->path;
}

static inline int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(text);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

/* Reads a line of sysfs, without its end */
static inline int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return -EIO;
	text[len] = 0;
	text[strcspn(text, "\n")] = 0;
	return 0;
}

static inline unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Open files of this process */
static inline unsigned int count_fds(void)
{
	return count_entries("/proc/self/fd");
}

static inline int function_info(int fd, struct zpcifd_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return call(fd, ZPCIFD_INFO, info);
}

static inline int function_bind(struct function *f)
{
	struct zpcifd_bind_iommufd bind = {
		.size = sizeof(bind),
		.iommufd = f->iommufd,
	};
	int ret = call(f->fd, ZPCIFD_BIND_IOMMUFD, &bind);

	f->devid = bind.out_devid;
	return ret;
}

static inline int function_attach(struct function *f, __u32 pt_id)
{
	struct zpcifd_attach attach = { .size = sizeof(attach), .pt_id = pt_id };

	return call(f->fd, ZPCIFD_ATTACH, &attach);
}

static inline int function_replace(struct function *f, __u32 pt_id)
{
	struct zpcifd_attach attach = { .size = sizeof(attach), .pt_id = pt_id };

	return call(f->fd, ZPCIFD_REPLACE, &attach);
}

static inline int function_detach(struct function *f)
{
	struct zpcifd_detach detach = { .size = sizeof(detach) };

	return call(f->fd, ZPCIFD_DETACH, &detach);
}

static inline int ioas_alloc(int iommufd, __u32 *ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int ret = call(iommufd, IOMMU_IOAS_ALLOC, &alloc);

	*ioas = alloc.out_ioas_id;
	return ret;
}

#define IOAS_RW (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)

/* Maps memory of this process for DMA at a given address */
static inline int ioas_map(int iommufd, __u32 ioas, void *memory, __u64 iova, size_t len,
			   __u32 flags)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | flags,
		.ioas_id = ioas,
		.user_va = (uintptr_t)memory,
		.length = len,
		.iova = iova,
	};

	return call(iommufd, IOMMU_IOAS_MAP, &map);
}

static inline int iommufd_destroy(int iommufd, __u32 id)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy), .id = id };

	return call(iommufd, IOMMU_DESTROY, &destroy);
}

/* A BAR that tests may use: the first without the MSI-X table if there is one */
static inline __u8 pick_bar(const struct zpcifd_info *info)
{
	__u8 bar, found = ZPCIFD_NR_BARS;

	for (bar = 0; bar < ZPCIFD_NR_BARS; bar++) {
		if (!info->out_bar_size[bar])
			continue;
		if (!info->out_msix_vectors || bar != info->out_msix_table_bar)
			return bar;
		found = bar;
	}
	return found;
}

static inline void function_open(struct __test_metadata *_metadata,
				 struct function *f)
{
	f->path = getenv("ZPCIFD_FUNCTION");
	ASSERT_NE(NULL, f->path) {
		TH_LOG("set ZPCIFD_FUNCTION to the function to test, such as /dev/zpci/zpci0");
	}
	f->fd = open(f->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, f->fd) {
		TH_LOG("%s: %s", f->path, strerror(errno));
	}
	f->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, f->iommufd);
	ASSERT_EQ(0, ioas_alloc(f->iommufd, &f->ioas));
	ASSERT_EQ(0, function_info(f->fd, &f->info));
	f->bar = pick_bar(&f->info);
	ASSERT_GT(ZPCIFD_NR_BARS, f->bar);
	ASSERT_LE(TEST_SCRATCH + TEST_PAGE, f->info.out_bar_size[f->bar]);
}

static inline void function_open_bound(struct __test_metadata *_metadata,
				       struct function *f)
{
	function_open(_metadata, f);
	ASSERT_EQ(0, function_bind(f)) {
		TH_LOG("%s is in use: a test needs a function without an owner", f->path);
	}
}

static inline void function_close(struct function *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	if (f->iommufd >= 0)
		close(f->iommufd);
	f->iommufd = -1;
}

static inline int ring_create(int fd, __u32 sq_entries, __u32 cq_entries,
			      __u32 data_len, struct zpcifd_ring_create *layout)
{
	*layout = (struct zpcifd_ring_create){
		.size = sizeof(*layout),
		.sq_entries = sq_entries,
		.cq_entries = cq_entries,
		.data_len = data_len,
		.out_fd = -1,
	};
	return call(fd, ZPCIFD_RING_CREATE, layout);
}

/* Maps a ring whose @layout and @fd are set */
static inline int ring_map(struct ring *ring)
{
	ring->map = mmap(NULL, ring->layout.out_mmap_len, PROT_READ | PROT_WRITE,
			 MAP_SHARED, ring->fd, 0);
	if (ring->map == MAP_FAILED)
		return -errno;
	ring->header = ring->map;
	ring->sqes = ring->map + ring->layout.out_sq_offset;
	ring->cqes = ring->map + ring->layout.out_cq_offset;
	ring->data = ring->map + ring->layout.out_data_offset;
	ring->submission = NULL;
	return 0;
}

/* Makes a ring of @layout's flags, lengths and so on, and maps it */
static inline int ring_make(int fd, struct ring *ring, const struct submission *submission)
{
	int ret;

	ring->layout.size = sizeof(ring->layout);
	if (submission)
		ring->layout.flags |= submission->flags;
	ret = call(fd, ZPCIFD_RING_CREATE, &ring->layout);
	if (ret)
		return ret;
	ring->fd = ring->layout.out_fd;
	ret = ring_map(ring);
	if (ret)
		return ret;
	ring->submission = submission;
	return submission ? submission->open(ring) : 0;
}

static inline void ring_open(struct __test_metadata *_metadata, int fd,
			     struct ring *ring, __u32 sq_entries,
			     __u32 cq_entries, __u32 data_len)
{
	*ring = (struct ring){ .layout = {
		.sq_entries = sq_entries,
		.cq_entries = cq_entries,
		.data_len = data_len,
	} };
	ASSERT_EQ(0, ring_make(fd, ring, ring_submission));
}

static inline void ring_close(struct ring *ring)
{
	if (ring->submission)
		ring->submission->close(ring);
	munmap(ring->map, ring->layout.out_mmap_len);
	close(ring->fd);
	ring->fd = -1;
}

/* Are descriptors the kernel's only when they are submitted? */
static inline bool ring_holds(const struct ring *ring)
{
	return ring->submission && ring->submission->hold;
}

static inline __u32 ring_tail(const struct ring *ring)
{
	return ring_holds(ring) ? ring->tail : ring->header->sq_tail;
}

/* Adds entries that are filled; the caller knows that there is room */
static inline void ring_advance(struct ring *ring, __u32 count)
{
	if (ring_holds(ring))
		ring->tail += count;
	else
		__atomic_store_n(&ring->header->sq_tail, ring->header->sq_tail + count,
				 __ATOMIC_RELEASE);
}

/* Fills an entry; the caller knows that there is room */
static inline void ring_push(struct ring *ring, struct zpcifd_sqe sqe)
{
	ring->sqes[ring_tail(ring) & (ring->layout.sq_entries - 1)] = sqe;
	ring_advance(ring, 1);
}

static inline int ring_enter(struct ring *ring, unsigned long count)
{
	if (ring->submission)
		return ring->submission->enter(ring, count);
	return call(ring->fd, ZPCIFD_RING_ENTER, (void *)count);
}

/* Submits and waits for nothing that does not run in the caller */
static inline int ring_start(struct ring *ring, unsigned long count)
{
	int ret;

	if (ring->submission)
		return ring->submission->start(ring, count);
	ret = ring_enter(ring, count);
	return ret < 0 ? ret : 0;
}

/* Waits for all that was started */
static inline int ring_finish(struct ring *ring)
{
	return ring->submission ? ring->submission->finish(ring) : 0;
}

/* Completions that were not taken yet */
static inline __u32 ring_ready(const struct ring *ring)
{
	return __atomic_load_n(&ring->header->cq_tail, __ATOMIC_ACQUIRE) -
	       ring->header->cq_head;
}

static inline bool ring_pop(struct ring *ring, struct zpcifd_cqe *cqe)
{
	__u32 head = ring->header->cq_head;

	if (!ring_ready(ring))
		return false;
	*cqe = ring->cqes[head & (ring->layout.cq_entries - 1)];
	__atomic_store_n(&ring->header->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* Runs one descriptor on an idle ring */
static inline struct zpcifd_cqe ring_run(struct __test_metadata *_metadata,
					 struct ring *ring, struct zpcifd_sqe sqe)
{
	struct zpcifd_cqe cqe = { .res = -EPROTO };

	sqe.user_data = 0x123456789abcdef0 + ring_tail(ring);
	ring_push(ring, sqe);
	ASSERT_EQ(1, ring_enter(ring, 1));
	ASSERT_TRUE(ring_pop(ring, &cqe));
	ASSERT_EQ(sqe.user_data, cqe.user_data);
	ASSERT_EQ(0, ring_ready(ring));
	return cqe;
}

static inline struct zpcifd_sqe sqe_load(__u8 as, __u64 offset, __u32 len)
{
	return (struct zpcifd_sqe){
		.opcode = ZPCIFD_OP_PCILG, .as = as, .offset = offset, .len = len,
	};
}

static inline struct zpcifd_sqe sqe_store(__u8 as, __u64 offset, __u32 len,
					  __u64 data)
{
	return (struct zpcifd_sqe){
		.opcode = ZPCIFD_OP_PCISTG, .as = as, .offset = offset, .len = len,
		.data = data,
	};
}

static inline struct zpcifd_sqe sqe_block(__u8 as, __u64 offset, __u32 len,
					  __u64 payload)
{
	return (struct zpcifd_sqe){
		.opcode = ZPCIFD_OP_PCISTB, .as = as, .offset = offset, .len = len,
		.payload = payload,
	};
}

/* A load that works on every function: vendor and device ID */
static inline struct zpcifd_sqe sqe_id(void)
{
	return sqe_load(ZPCIFD_AS_CONFIG, 0, 4);
}

/* A descriptor that is always refused */
static inline struct zpcifd_sqe sqe_refused(void)
{
	return (struct zpcifd_sqe){ 0 };
}

static inline struct zpcifd_sqe sqe_flags(struct zpcifd_sqe sqe, __u8 flags)
{
	sqe.flags = flags;
	return sqe;
}

static inline struct zpcifd_sqe sqe_user(struct zpcifd_sqe sqe, __u64 user_data)
{
	sqe.user_data = user_data;
	return sqe;
}

/* A function's owner can still make a ring and load through it */
static inline void expect_works(struct __test_metadata *_metadata, int fd)
{
	struct zpcifd_cqe cqe;
	struct ring ring;

	ring_open(_metadata, fd, &ring, 1, 1, 0);
	cqe = ring_run(_metadata, &ring, sqe_id());
	EXPECT_EQ(0, cqe.res);
	EXPECT_EQ(0, cqe.cc);
	EXPECT_EQ(ZPCIFD_CQE_ISSUED, cqe.flags);
	EXPECT_NE(0, cqe.data);
	EXPECT_GT(0xffffffff, cqe.data);
	ring_close(&ring);
}

#endif /* ZPCIFD_TEST_H */
