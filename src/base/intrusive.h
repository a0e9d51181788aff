// Links that live inside the objects they chain: no allocation to wait in a line, and an object that dies takes itself
// out of it.
#pragma once

#include <atomic>
#include <cstddef>

#include "base/assert.h"

namespace ringpost {

/// Member of at most one IntrusiveList; unlinks itself when destroyed. Neither copied nor moved.
class ListNode {
 public:
  ListNode() noexcept = default;
  ~ListNode() { unlink(); }
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool linked() const noexcept { return next_ != nullptr; }
  void unlink() noexcept {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class T>
  friend class IntrusiveList;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

/// A list of T, where T derives from ListNode. One thread. Does not own its members.
template <class T>
class IntrusiveList {
 public:
  IntrusiveList() noexcept { head_.next_ = head_.previous_ = &head_; }
  ~IntrusiveList() {
    while (!empty()) pop_front();
    head_.next_ = head_.previous_ = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const noexcept { return head_.next_ == &head_; }
  T& front() noexcept {
    RINGPOST_ASSERT(!empty());
    return static_cast<T&>(*head_.next_);
  }
  void push_back(T& item) noexcept {
    ListNode& node = item;
    RINGPOST_ASSERT(!node.linked());
    node.previous_ = head_.previous_;
    node.next_ = &head_;
    head_.previous_->next_ = &node;
    head_.previous_ = &node;
  }
  void push_front(T& item) noexcept {
    ListNode& node = item;
    RINGPOST_ASSERT(!node.linked());
    node.next_ = head_.next_;
    node.previous_ = &head_;
    head_.next_->previous_ = &node;
    head_.next_ = &node;
  }
  T& pop_front() noexcept {
    T& item = front();
    static_cast<ListNode&>(item).unlink();
    return item;
  }
  /// Moves all members of `other` behind ours, in order.
  void splice_back(IntrusiveList& other) noexcept {
    while (!other.empty()) push_back(other.pop_front());
  }

 private:
  ListNode head_;
};

/// Many producers, one consumer, without locks: producers push onto a stack by compare-and-swap, the consumer takes the
/// whole stack and turns it round, so items of one producer keep their order, and an item pushed after another was seen
/// comes out behind it. Bounded by its nodes: whoever pushes owns an item that was counted when it was made.
struct MpscNode {
  MpscNode* mpsc_next = nullptr;
};

class MpscStack {
 public:
  /// True if the stack was empty before: the consumer may have to be woken.
  bool push(MpscNode& node) noexcept {
    MpscNode* head = head_.load(std::memory_order_relaxed);
    do {
      node.mpsc_next = head;
    } while (!head_.compare_exchange_weak(head, &node, std::memory_order_release, std::memory_order_relaxed));
    return head == nullptr;
  }
  bool empty() const noexcept { return head_.load(std::memory_order_acquire) == nullptr; }
  /// All items, oldest first, chained by mpsc_next; nullptr if none.
  MpscNode* take_all() noexcept {
    MpscNode* node = head_.exchange(nullptr, std::memory_order_acquire);
    MpscNode* oldest_first = nullptr;
    while (node != nullptr) {
      MpscNode* next = node->mpsc_next;
      node->mpsc_next = oldest_first;
      oldest_first = node;
      node = next;
    }
    return oldest_first;
  }

 private:
  std::atomic<MpscNode*> head_{nullptr};
};

}  // namespace ringpost
