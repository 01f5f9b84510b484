#include "cli/app.h"

int main(int argc, char** argv) { return tocsin::cli::Main(argc, argv); }
