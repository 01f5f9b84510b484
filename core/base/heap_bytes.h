// heap_bytes.h: the bytes that a container has asked of the allocator, beside its own object.
//
// Shape:   capacities times sizes: what the allocator rounds up is not in them, nor what the
//          elements hold themselves.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tocsin {

inline size_t HeapBytes(const std::string& text) {
  static const size_t kInside = std::string().capacity();
  return text.capacity() > kInside ? text.capacity() + 1 : 0;
}

template <class T>
size_t HeapBytes(const std::vector<T>& list) {
  return list.capacity() * sizeof(T);
}

// Of an absl::flat_hash_map or flat_hash_set: a slot and a control byte for each place.
template <class Table>
size_t TableBytes(const Table& table) {
  return table.capacity() * (sizeof(typename Table::value_type) + 1);
}

// What a container has grown far beyond its elements goes back; called after a removal. Between two
// times it does something lies a number of removals that is proportional to the size.
template <class T>
void ShrinkWhenSparse(std::vector<T>& list) {
  if (list.size() * 4 <= list.capacity()) {
    list.shrink_to_fit();
  }
}

template <class Table>
void ShrinkTableWhenSparse(Table& table) {
  if (table.size() * 8 <= table.capacity()) {
    table.rehash(0);
  }
}

}  // namespace tocsin
