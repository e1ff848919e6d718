# Skua's build. Sources are found, not listed: a new .c file needs no change here.
#
# One run of make builds one flavour under build/<flavour>/; targets that want another one call
# make again. Each folder of src/ becomes a static library, and who links whom is read from
# src/LAYERS, so that an upward call does not link.
#
#   release   -O3 -flto, jemalloc             build/skua-server, build/skua-<utility>
#   debug     -O1, checks for tests on        build/debug/
#   asan      the same under ASan and UBSan   build/asan/
#   fuzz      clang's libFuzzer on top        build/fuzz/
#
# Variables: CC=clang, PREFIX, DESTDIR, WERROR=1 (warnings are errors; on in all but release).

FLAVOUR ?= release
PREFIX ?= /usr/local
SECONDS ?= 60
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifeq ($(origin CC),default)
CC := gcc
endif

BUILD := build/$(FLAVOUR)
PRODUCTS := $(if $(filter release,$(FLAVOUR)),build,$(BUILD))
SERVER := $(PRODUCTS)/skua-server

# --- Flags --------------------------------------------------------------------------------------

ifeq ($(FLAVOUR),fuzz)
CC := clang
endif
is_clang := $(findstring clang,$(CC))

# Products are the same on every machine: plain x86-64 (faster variants are chosen at run time by
# the code itself), and no fused multiply-add, which would change results with the processor.
CFLAGS_common := -std=gnu17 -g -fno-common -ffp-contract=off -pthread
WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wvla -Wformat=2 -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wconversion
DEFINES := -D_GNU_SOURCE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
# Calls of malloc in files compiled for link-time optimisation do not pull it out of the archive.
JEMALLOC := -Wl,-u,malloc $(if $(wildcard /usr/lib/*/libjemalloc.a),-l:libjemalloc.a,-ljemalloc)

ifeq ($(FLAVOUR),release)
# Fortified copies are checked only where the size is known, relocations are read-only after the
# start, and calls into libraries go through them without a PLT. A stack protector is left out: it
# adds work to every handler that has a buffer.
# clang's link-time optimisation wants a linker that Debian's clang does not bring along.
CFLAGS_flavour := -O3 -fno-plt -D_FORTIFY_SOURCE=2 $(if $(is_clang),,-flto)
LDFLAGS_flavour := -O3 -Wl,-z,relro,-z,now $(if $(is_clang),,-flto=auto)
LIBS_flavour := $(JEMALLOC)
else ifeq ($(FLAVOUR),debug)
# Not -Og: xxHash's always-inline functions need an optimiser that does inline.
CFLAGS_flavour := -O1 -fno-omit-frame-pointer
DEFINES += -DSKUA_TEST=1
LIBS_flavour := $(JEMALLOC)
WERROR ?= 1
else ifeq ($(FLAVOUR),asan)
# gcc's sanitizer code makes it see uninitialised variables where there are none.
CFLAGS_flavour := -O1 -fno-omit-frame-pointer $(SANITIZE) $(if $(is_clang),,-Wno-maybe-uninitialized)
LDFLAGS_flavour := $(SANITIZE)
DEFINES += -DSKUA_TEST=1 -DSKUA_LIBC_MALLOC=1
WERROR ?= 1
else ifeq ($(FLAVOUR),fuzz)
CFLAGS_flavour := -O1 -fno-omit-frame-pointer $(SANITIZE) -fsanitize=fuzzer-no-link
LDFLAGS_flavour := $(SANITIZE)
DEFINES += -DSKUA_TEST=1 -DSKUA_LIBC_MALLOC=1
WERROR ?= 1
else
$(error FLAVOUR is release, debug, asan or fuzz, not "$(FLAVOUR)")
endif

AR := $(if $(is_clang),ar,gcc-ar)
COMPILE := $(CC) $(CFLAGS_common) $(CFLAGS_flavour) $(WARNINGS) $(DEFINES) -Isrc $(CFLAGS)
LINK := $(CC) $(CFLAGS_common) $(LDFLAGS_flavour) $(LDFLAGS) -Wl,--as-needed
LIBS := $(LIBS_flavour) -lcrypto -llzf -lisal -lm

# What one source adds. Code that reads bytes from outside is held to the stricter rule on signs.
OUTSIDE_BYTES := src/protocol/% src/data/rdb/% src/data/types/%_rdb.c src/data/types/stream/% \
	src/services/persistence/aof_reader.c
flags_for = $(if $(filter $(OUTSIDE_BYTES),$(1)),-Wsign-conversion) \
	$(if $(filter tests/%,$(1)),-Itests) $(if $(filter utils/%,$(1)),-Iutils)

# --- What there is ------------------------------------------------------------------------------

find_sources = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
objects_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

MAIN := src/server/main.c
SOURCES := $(call find_sources,src)
UNIT_SUPPORT := $(call find_sources,tests/unit/support)
UNIT_TESTS := $(filter %_test.c,$(call find_sources,tests/unit))
E2E_SOURCES := $(call find_sources,tests/e2e)
E2E_TESTS := $(filter %_test.c,$(E2E_SOURCES))
FUZZ_SUPPORT := $(call find_sources,tests/fuzz/support)
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
UTILITY_SOURCES := $(call find_sources,utils)
UTILITIES := $(sort $(foreach source,$(UTILITY_SOURCES),$(word 2,$(subst /, ,$(source)))))
ALL_SOURCES := $(SOURCES) $(UNIT_SUPPORT) $(UNIT_TESTS) $(E2E_SOURCES) $(FUZZ_SUPPORT) \
	$(FUZZERS:%=tests/fuzz/%.c) $(UTILITY_SOURCES)

# --- Goals --------------------------------------------------------------------------------------

.DEFAULT_GOAL := release
.PHONY: docs release debug asan run soak test unit unit-programs e2e-programs utilities format lint compat bench \
	fuzz fuzz-all fuzz-keep fuzz-programs objects deps install clean help FORCE
.SECONDARY:
.DELETE_ON_ERROR:

release: ## build/skua-server and the utilities, optimised (the default)
	@$(MAKE) FLAVOUR=release build/skua-server utilities

debug: ## build/debug/skua-server
	@$(MAKE) FLAVOUR=debug build/debug/skua-server utilities

asan: ## build/asan/skua-server, with ASan and UBSan
	@$(MAKE) FLAVOUR=asan build/asan/skua-server utilities

run: ## install what is missing, build, start on 127.0.0.1:6379
	@deps/install.sh build run
	@$(MAKE) release
	@echo 'Skua starts on 127.0.0.1:6379. In another terminal try:  redis-cli set greeting hello'
	@exec build/skua-server server.conf

test: ## install what is missing, run every test there is
	@deps/install.sh
	@tests/run-tests

unit: ## unit tests of one flavour alone (FLAVOUR=asan; NAME=table: only matching ones)
	@tests/run-tests --unit '$(if $(filter release,$(FLAVOUR)),debug,$(FLAVOUR))' '$(NAME)'

lint: ## layers, headers, symbols, formatting, clang-tidy, cppcheck, both compilers
	@utils/lint/run

format: ## lay out every file as lint wants it (clang-format)
	@find src tests utils -name '*.[ch]' -exec clang-format -i {} +

compat: release ## compare the replies with a real redis-server's (COMPAT_ARGS=…)
	@redis-compat/run $(COMPAT_ARGS)

docs: release ## write docs/commands.md from COMMAND DOCS
	@utils/docs/commands >build/commands.md && mv build/commands.md docs/commands.md

bench: release ## the budget table: Skua and redis-server side by side (BENCH_ARGS=…)
	@utils/benchmark/run-bench $(BENCH_ARGS)

soak: release ## kill -9 at random moments, 1,000 rounds (SKUA_KILL_ROUNDS=…)
	@$(MAKE) FLAVOUR=debug build/debug/tests/e2e/kill_test
	@SKUA_KILL_ROUNDS=$${SKUA_KILL_ROUNDS:-1000} SKUA_SERVER=build/skua-server \
		build/debug/tests/e2e/kill_test

fuzz: ## fuzz one reader of outside bytes (NAME=resp SECONDS=60)
	@tests/fuzz/run fuzz '$(SECONDS)' $(NAME)

fuzz-all: ## fuzz each in turn (SECONDS=60 each)
	@tests/fuzz/run fuzz '$(SECONDS)' $(FUZZERS)

fuzz-keep: ## take what fuzzing has found new into the kept corpus (NAME=resp)
	@tests/fuzz/run keep 0 $(NAME)

deps: ## install the Debian packages that building and testing need
	@deps/install.sh

install: release ## into PREFIX (/usr/local), under DESTDIR
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/skua' \
		'$(DESTDIR)$(PREFIX)/share/doc/skua'
	install -m 755 build/skua-server $(UTILITIES:%=build/skua-%) '$(DESTDIR)$(PREFIX)/bin'
	install -m 644 server.conf '$(DESTDIR)$(PREFIX)/share/skua'
	install -m 644 README.md '$(DESTDIR)$(PREFIX)/share/doc/skua'

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

# --- Layers and the server ----------------------------------------------------------------------

# src/LAYERS as make variables: `layers`, bottom first, and `below_<folder>`.
build/layers.mk: src/LAYERS
	@mkdir -p build
	@sed -n -e 's/^\([a-z]*\):\(.*\)/layers += \1\nbelow_\1 :=\2/p' $< > $@
include build/layers.mk

reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
closure = $(sort $(1) $(foreach below,$(below_$(1)),$(call closure,$(below))))
# The libraries of some folders and all below them, top first as the linker wants them.
libraries = $(patsubst %,$(BUILD)/lib%.a, \
	$(filter $(foreach layer,$(1),$(call closure,$(layer))),$(call reverse,$(layers))))

$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC $(FLAVOUR) $<'
	@$(COMPILE) $(call flags_for,$<) $(if $(WERROR),-Werror) -MMD -MP -c $< -o $@
-include $(patsubst %.o,%.d,$(call objects_of,$(ALL_SOURCES)))

# $(1): library, $(2): its sources. It depends on their folders too, to notice a removed file.
define library_rule
$(BUILD)/lib$(1).a: $(call objects_of,$(2)) $(sort $(dir $(2)))
	@mkdir -p $(BUILD)
	@rm -f $$@
	@$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach layer,$(layers),$(eval $(call library_rule,$(layer), \
	$(filter-out $(MAIN),$(filter src/$(layer)/%,$(SOURCES))))))
$(eval $(call library_rule,unit-support,$(UNIT_SUPPORT)))
$(eval $(call library_rule,fuzz-support,$(FUZZ_SUPPORT)))

$(SERVER): $(call objects_of,$(MAIN)) $(call libraries,server)
	@echo '  LINK $@'
	@$(LINK) $^ $(LIBS) -o $@

# --- Utilities: utils/<name>/*.c becomes skua-<name>; they cannot call commands or the server ------

define utility_rule
$(PRODUCTS)/skua-$(1): $(call objects_of,$(filter utils/$(1)/%,$(UTILITY_SOURCES))) \
		$(call libraries,services)
	@echo '  LINK $$@'
	@$(LINK) $$^ $(LIBS) -o $$@
endef
$(foreach utility,$(UTILITIES),$(eval $(call utility_rule,$(utility))))
utilities: $(UTILITIES:%=$(PRODUCTS)/skua-%)
	@:

# --- Tests --------------------------------------------------------------------------------------

# A unit test links its own folder and those below: $(1).
define unit_rule
$(BUILD)/tests/unit/$(1)/%: $(BUILD)/obj/tests/unit/$(1)/%.o $(BUILD)/libunit-support.a \
		$(BUILD)/libfuzz-support.a $(call libraries,$(1))
	@mkdir -p $$(@D)
	@$(LINK) $$^ -lcmocka $(LIBS) -o $$@
endef
$(foreach layer,$(layers),$(eval $(call unit_rule,$(layer))))
unit-programs: $(UNIT_TESTS:%.c=$(BUILD)/%)

$(BUILD)/tests/e2e/%: $(BUILD)/obj/tests/e2e/%.o \
		$(call objects_of,$(filter-out $(E2E_TESTS),$(E2E_SOURCES))) $(call libraries,foundation)
	@mkdir -p $(@D)
	@$(LINK) $^ -lcmocka -lhiredis $(LIBS) -o $@
e2e-programs: $(E2E_TESTS:%.c=$(BUILD)/%)

$(BUILD)/fuzzers/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libfuzz-support.a \
		$(BUILD)/libunit-support.a $(call libraries,server)
	@mkdir -p $(@D)
	@$(LINK) -fsanitize=fuzzer $^ -lcmocka $(LIBS) -o $@
fuzz-programs: $(FUZZERS:%=$(BUILD)/fuzzers/%)

objects: $(call objects_of,$(filter-out tests/fuzz/%,$(ALL_SOURCES)))

include utils/lint/lint.mk
