// main.cc: tocsin-hub.
#include <iostream>

#include "hub/service/run.h"

int main(int argc, char** argv) { return tocsin::hub::RunHub(argc, argv, std::cout, std::cerr); }
