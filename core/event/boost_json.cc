// Boost.JSON, compiled once for all (it is used without its library).
#include <boost/json/src.hpp>
