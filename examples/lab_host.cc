// This serves the laboratory's program (lab.h) to Python: run lab_host
// --server=threaded:LAB@127.0.0.1:18861, and lab_client.py talks to it.

#include <cstddef>
#include <iostream>
#include <memory>
#include <string>

#include "examples/lab.h"
#include "rpyc/cast/buffer.h"
#include "rpyc/cast/listener.h"
#include "rpyc/service.h"
#include "server/host_main.h"

namespace lab {

void RpycExpose(rpyc::EnumDef<State>& e) {
  e.Members({{"IDLE", State::kIdle}, {"MOVING", State::kMoving}, {"FAULT", State::kFault}});
}

void RpycExpose(rpyc::StructDef<Limits>& s) {
  s.Field("low", &Limits::low).Field("high", &Limits::high);
}

void RpycExpose(rpyc::ClassDef<Axis>& c) {
  c.Doc("Something that moves: in millimetres, or in degrees where it turns.");
  c.Property("name", &Axis::name).Property("state", &Axis::state);
  c.Property("position", &Axis::position);
  c.Property("limits", &Axis::limits).Expose("set_limits", &Axis::SetLimits, rpyc::Arg("limits"));
  c.Expose("move_to", static_cast<void (Axis::*)(double)>(&Axis::MoveTo), rpyc::Arg("position"));
  c.Expose("move_to", static_cast<void (Axis::*)(double, int)>(&Axis::MoveTo),
           rpyc::Arg("position"), rpyc::Arg("times"), "There and back again, so often.");
  c.Expose("stop", &Axis::Stop);
}

void RpycExpose(rpyc::ClassDef<LinearAxis>& c) { c.Base<Axis>(); }

void RpycExpose(rpyc::ClassDef<RotaryAxis>& c) {
  c.Base<Axis>().Expose("turn", &RotaryAxis::Turn, rpyc::Arg("degrees"));
}

// `lab` outlives the service.
rpyc::Service Exposed(Lab& lab) {
  using Listener = rpyc::Listener<void(std::string, double)>;
  const auto listeners = std::make_shared<rpyc::Listeners<void(std::string, double)>>(
      rpyc::ListenerOptions{.on_gone = [](const std::string& client) {
        std::clog << "the listener " << client << " has gone" << std::endl;
      }});
  lab.OnPosition([listeners](const std::string& axis, double position) {
    (*listeners)(axis, position);  // never waits
  });
  return rpyc::Service("LAB")
      .Expose("State", rpyc::Enum<State>())
      .Expose("LinearAxis", rpyc::Class<LinearAxis>())
      .Expose("RotaryAxis", rpyc::Class<RotaryAxis>())
      .Expose("axes", [&lab] { return lab.axes(); })
      .Expose("axis", [&lab](const std::string& name) { return lab.axis(name); })
      .Expose("periods", [&lab] { return lab.periods(); })
      .Expose("waveform", [&lab] { return rpyc::Buffer<double>(lab.waveform()); })
      .Expose("listen", [listeners](const Listener& listener) { listeners->Add(listener); })
      .Expose("listeners", [listeners] { return listeners->size(); })
      .Translate<LimitError>("lab.LimitError", rpyc::ErrorAttribute("axis", &LimitError::axis),
                             rpyc::ErrorAttribute("position", &LimitError::position));
}

}  // namespace lab

int main(int argc, char** argv) {
  lab::Lab lab;
  return rpyc::HostMain(argc, argv, {lab::Exposed(lab)});
}
