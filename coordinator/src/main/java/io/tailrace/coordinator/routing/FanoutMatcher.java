package io.tailrace.coordinator.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Matches every binding, whatever the keys are. */
final class FanoutMatcher<T> implements BindingMatcher<T> {
  private final List<T> targets = new ArrayList<>();

  @Override
  public void add(String bindingKey, T target) {
    targets.add(target);
  }

  @Override
  public void remove(String bindingKey, T target) {
    targets.remove(target);
  }

  @Override
  public void match(String routingKey, Consumer<? super T> found) {
    targets.forEach(found);
  }
}
