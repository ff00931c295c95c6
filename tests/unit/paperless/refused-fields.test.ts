import { describe, expect, it } from 'vitest';
import { flattenFields } from '../../../shared/paperless/refused-fields.ts';

const flat = (body: unknown) => flattenFields(JSON.stringify(body));

describe('the fields of a 400', () => {
  it('are named with their texts', () => {
    expect(flat({ title: ['Too long.', 'Really.'], owner: 'no' })).toEqual({ title: 'Too long. Really.', owner: 'no' });
  });
  it('in a list of items carry the position of the item', () => {
    expect(flat({ custom_fields: [{}, { non_field_errors: ['x'] }, { value: ['y'] }] })).toEqual({
      'custom_fields.1': 'x',
      'custom_fields.2.value': 'y',
    });
  });
  it('of the whole object are non_field_errors', () => {
    expect(flat({ non_field_errors: ['must make a unique set.'] })).toEqual({
      non_field_errors: 'must make a unique set.',
    });
    expect(flat(['a', 'b'])).toEqual({ non_field_errors: 'a b' });
  });
  it('are none where the body is no JSON', () => {
    expect(flattenFields('<html>')).toEqual({});
  });
  it('are cut to a bounded size', () => {
    const fields = flat(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, ['x'.repeat(5000)]])));
    expect(Object.keys(fields).length).toBe(50);
    expect(fields.f0?.length).toBe(300);
  });
});
