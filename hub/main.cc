// main.cc: tocsin-hub.
#include "hub/service/run.h"

int main(int argc, char** argv) { return tocsin::hub::RunHub(argc, argv); }
