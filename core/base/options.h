// options.h: a program's settings as one table.
//
// Shape:   each setting is registered once, with the variable it sets, whose value then is the
//          default. From that table come the flag, the environment's TOCSIN_NAME, the key in the
//          TOML file, --help, and docs/configuration.md, so that none can drift. Flags win over the
//          environment, that over the file, that over the default. The file has flat keys with the
//          flag's name (data-dir = "…"). One file may serve hub and bridge: the keys of [hub] and
//          [bridge] win over those at the top, and each program passes over the other's section.
//          Reread applies the sources again, as a whole or not at all, for the settings that may
//          change while the program runs.
// Threads: main's, before others start; Reread on one at a time, and whoever else reads the
//          variables then does so in step with it.
// Owns:    the table; the variables outlive it.
// Errors:  INVALID_ARGUMENT that names the flag, the variable or the file's line, what is allowed,
//          and for an unknown name what is close. An unknown TOCSIN_ variable is none: the programs
//          share the environment. Every wrong value is an error, also one that a flag overrides.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/advice.h"
#include "core/base/options_file.h"

namespace tocsin {

class Options {
 public:
  // `program` as users call it: "tocsin-hub"; its section in the file is what follows the dash.
  Options(std::string_view program, std::string_view what_it_is);

  // `name` as in "data-dir"; `help` is one sentence or two.
  void Text(std::string* value, std::string_view name, std::string_view help,
            std::string_view placeholder = "TEXT");
  // A flag that may be repeated; commas in the environment; an array in the file.
  void List(std::vector<std::string>* values, std::string_view name, std::string_view help,
            std::string_view placeholder = "TEXT");
  // --name, --name=false.
  void Bool(bool* value, std::string_view name, std::string_view help);
  // From min to max, both included.
  void Count(size_t* value, std::string_view name, std::string_view help, size_t min, size_t max);
  void Bytes(size_t* value, std::string_view name, std::string_view help, size_t min, size_t max);
  void Duration(absl::Duration* value, std::string_view name, std::string_view help,
                absl::Duration min, absl::Duration max);
  void Choice(std::string* value, std::string_view name, std::string_view help,
              std::vector<std::string> allowed);
  // A check of values that are only wrong together. Runs after all values are set, also for
  // --check-config.
  void Check(std::function<absl::Status()> check);
  // What could be better about valid values: --check-config prints it, and a start logs it.
  void Advise(std::function<Advice()> advise) { advise_ = std::move(advise); }
  // After Parse.
  Advice advice() const { return advise_ == nullptr ? Advice() : advise_(); }

  // These may change while the program runs: their names, once they are registered.
  void Reloads(std::initializer_list<std::string_view> names);

  // kExit: --help, --version, --check-config or --print-config-docs was given and has been answered
  // on `out`.
  enum class Outcome { kRun, kExit };
  absl::StatusOr<Outcome> Parse(int argc, const char* const* argv, std::ostream& out);

  struct Changes {
    std::vector<std::string> changed;        // names of settings that have a new value
    std::vector<std::string> needs_restart;  // have one in the sources; the variables keep the old
  };
  // After Parse: the flags of then, the environment of then, and the file as it is now. On error
  // no variable has changed.
  absl::StatusOr<Changes> Reread();

  std::string Help() const;
  // The table of docs/configuration.md for this program, without a heading.
  std::string Markdown() const;

 private:
  enum class Kind { kText, kList, kBool, kCount, kBytes, kDuration, kChoice };
  // What a setting sets, whatever its type.
  class Variable {
   public:
    virtual ~Variable() = default;
    virtual void Reset() = 0;          // to the default
    virtual void Keep() = 0;           // remembers the value
    virtual void PutBack() = 0;        // the one that was kept
    virtual bool Changed() const = 0;  // since Keep
  };
  template <class T>
  class VariableOf;
  struct Setting {
    Kind kind;
    std::string name;
    std::string help;
    std::string placeholder;
    std::string default_text;
    std::string allowed;  // "1 to 1000"; empty when anything goes
    // All values at once: one, unless kList. Leaves the variable unchanged on error.
    std::function<absl::Status(const std::vector<std::string>&)> assign;
    std::shared_ptr<Variable> variable;
    bool reloads = false;
  };
  struct Flags;

  void Add(Setting setting);
  const Setting* Find(std::string_view name) const;
  std::vector<std::string> Names() const;
  absl::StatusOr<Flags> ReadFlags(int argc, const char* const* argv) const;
  absl::Status CheckNoExtras(const std::vector<std::string>& extras) const;
  absl::StatusOr<bool> Answered(const Flags& flags, std::ostream& out) const;
  absl::Status ApplyFile(const std::string& path);
  absl::Status ApplyFileEntry(const std::string& path, const FileEntry& entry);
  absl::Status ApplyEnvironment();
  absl::Status ApplyFlags(const Flags& flags);
  absl::Status ApplyAll();
  absl::Status RunChecks() const;
  absl::StatusOr<Changes> TakeChanges();

  std::string program_;
  std::string what_it_is_;
  std::string section_;
  std::vector<Setting> settings_;
  std::shared_ptr<const Flags> flags_;  // of Parse
  std::vector<std::function<absl::Status()>> checks_;
  std::function<Advice()> advise_;
};

// "TOCSIN_DATA_DIR" for "data-dir".
std::string EnvironmentName(std::string_view setting);

}  // namespace tocsin
