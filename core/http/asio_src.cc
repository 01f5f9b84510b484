// asio_src.cc: the compiled halves of Asio and Beast, once for all programs
// (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
