#include <iostream>

#include "bridge/run.h"

int main(int argc, char** argv) {
  return tocsin::bridge::RunBridge(argc, argv, std::cout, std::cerr);
}
