// url_src.cc: the compiled half of Boost.URL, which Debian ships as headers alone.
#include <boost/url/src.hpp>
