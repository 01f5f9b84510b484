// Precompiled for the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "cmake/pch/service.h"
