// commands.h: the commands of `tocsin token`.
#pragma once

#include "cli/command.h"

namespace tocsin::cli {

void AddTokenCreate(CLI::App& token, Run& chosen);
void AddTokenInspect(CLI::App& token, const Globals& globals, Run& chosen);
void AddTokenVerify(CLI::App& token, const Globals& globals, Run& chosen);

}  // namespace tocsin::cli
