// This is a host with the instrument: run instrument_host
// --server=threaded:INSTRUMENT@127.0.0.1:18861, and instrument_client.py talks to it.

#include "examples/instrument.h"
#include "server/host_main.h"

int main(int argc, char** argv) { return rpyc::HostMain(argc, argv, {examples::Instrument()}); }
