# The checks of single files, part of Makefile. Each leaves a stamp under build/lint/ and is done
# again when the file, a header that it includes, or the check's configuration has changed.

LINT := build/lint
LINTED := $(ALL_SOURCES)
HEADERS := $(sort $(shell find src tests utils -name '*.h'))
LINT_FLAGS := -std=gnu17 $(WARNINGS) -D_GNU_SOURCE -DSKUA_TEST=1 -Isrc

.PHONY: lint-headers lint-clang lint-tidy lint-cppcheck
lint-headers: $(HEADERS:%=$(LINT)/%.alone)
lint-clang: $(LINTED:%=$(LINT)/%.clang)
lint-tidy: $(LINTED:%=$(LINT)/%.tidy)
lint-cppcheck: $(LINTED:%=$(LINT)/%.cppcheck)

# Prints what a check found and leaves the stamp only when that is nothing.
checked = >$@.log 2>&1 || { cat $@.log; exit 1; }; touch $@

# Each header compiles alone, with both compilers.
$(LINT)/%.h.alone: %.h
	@mkdir -p $(@D)
	@(for compiler in gcc clang; do \
		echo '#include "$(abspath $<)"' | $$compiler $(LINT_FLAGS) $(call flags_for,$<) -Werror \
			-fsyntax-only -MMD -MP -MF $@.d -MT $@ -x c - || exit 1; \
	done) $(checked)
-include $(HEADERS:%=$(LINT)/%.alone.d)

# The stamps of the other checks learn of the headers from this one.
$(LINT)/%.c.clang: %.c
	@mkdir -p $(@D)
	@clang $(LINT_FLAGS) -Wreserved-identifier $(call flags_for,$<) -Werror -fsyntax-only -MMD -MP -MF $@.d \
		-MT '$(LINT)/$<.clang $(LINT)/$<.tidy $(LINT)/$<.cppcheck' $< $(checked)
-include $(LINTED:%=$(LINT)/%.clang.d)

$(LINT)/%.c.tidy: %.c .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(LINT_FLAGS) $(call flags_for,$<) $(checked)

$(LINT)/%.c.cppcheck: %.c utils/lint/cppcheck-suppressions.txt
	@mkdir -p $(@D)
	@cppcheck --quiet --error-exitcode=1 --std=c11 --platform=unix64 --inline-suppr \
		--enable=warning,style,performance,portability --library=posix,gnu \
		--suppressions-list=utils/lint/cppcheck-suppressions.txt \
		-D_GNU_SOURCE -D__x86_64__ -DSKUA_TEST=1 -Isrc \
		$(filter -I%,$(call flags_for,$<)) $< $(checked)
