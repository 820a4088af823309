package io.tailrace.coordinator.routing;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Matches word by word: {@code *} stands for exactly one word, {@code #} for any number of them. A
 * trie of the binding keys' words, walked with all nodes at once that the words so far lead to: the
 * cost follows the nodes that match, not the bindings that do not, and each node is visited at most
 * once for each word.
 */
final class TopicMatcher<T> implements BindingMatcher<T> {
  private final Node<T> root = new Node<>(false);
  private List<Node<T>> active = new ArrayList<>();
  private List<Node<T>> next = new ArrayList<>();

  /** Grows with every word of every key: tells which nodes were visited for the present word. */
  private long step;

  private static final class Node<T> {
    /** Whether it is reached by {@code #}, and so stays active whatever word comes. */
    private final boolean any;

    private final Map<String, Node<T>> children = new HashMap<>(4);
    private final List<T> targets = new ArrayList<>(1);
    private Node<T> one;
    private Node<T> anyChild;
    private long visitedIn;

    Node(boolean any) {
      this.any = any;
    }

    Node<T> child(String word) {
      return switch (word) {
        case Words.ONE -> one;
        case Words.ANY -> anyChild;
        default -> children.get(word);
      };
    }

    Node<T> makeChild(String word) {
      switch (word) {
        case Words.ONE -> {
          one = one == null ? new Node<>(false) : one;
          return one;
        }
        case Words.ANY -> {
          anyChild = anyChild == null ? new Node<>(true) : anyChild;
          return anyChild;
        }
        default -> {
          return children.computeIfAbsent(word, unknown -> new Node<>(false));
        }
      }
    }

    void removeChild(String word) {
      switch (word) {
        case Words.ONE -> one = null;
        case Words.ANY -> anyChild = null;
        default -> children.remove(word);
      }
    }

    boolean isEmpty() {
      return targets.isEmpty() && children.isEmpty() && one == null && anyChild == null;
    }
  }

  @Override
  public void add(String bindingKey, T target) {
    Node<T> node = root;
    for (String word : Words.of(bindingKey)) {
      node = node.makeChild(word);
    }
    node.targets.add(target);
  }

  @Override
  public void remove(String bindingKey, T target) {
    remove(root, Words.of(bindingKey), 0, target);
  }

  private static <T> void remove(Node<T> node, List<String> words, int at, T target) {
    if (at == words.size()) {
      node.targets.remove(target);
      return;
    }
    Node<T> child = node.child(words.get(at));
    if (child != null) {
      remove(child, words, at + 1, target);
      if (child.isEmpty()) {
        node.removeChild(words.get(at));
      }
    }
  }

  @Override
  public void match(String routingKey, Consumer<? super T> found) {
    active.clear();
    step++;
    activate(root, active);
    for (String word : Words.of(routingKey)) {
      step++;
      next.clear();
      for (int i = 0; i < active.size(); i++) {
        Node<T> node = active.get(i);
        if (node.any) {
          activate(node, next);
        }
        activate(node.one, next);
        activate(node.children.get(word), next);
      }
      List<Node<T>> swap = active;
      active = next;
      next = swap;
    }
    for (int i = 0; i < active.size(); i++) {
      active.get(i).targets.forEach(found);
    }
  }

  /** Also where {@code #} stands for no word. */
  private void activate(Node<T> node, List<Node<T>> to) {
    for (Node<T> each = node; each != null && each.visitedIn != step; each = each.anyChild) {
      each.visitedIn = step;
      to.add(each);
    }
  }
}
