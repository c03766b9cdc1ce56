import type { PackageDefinition } from '@grpc/proto-loader';
import { present } from '../base/assert.js';

/** A field as its proto file's descriptor tells it. */
export interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  /** Such as `TYPE_STRING`. */
  readonly type: string;
  /** `LABEL_REPEATED` of lists and maps. */
  readonly label: string;
  /** Of a message or enum: its name as seen from the message that holds the field, without what both names begin with. */
  readonly typeName: string;
}

interface MessageDescriptor {
  readonly name: string;
  readonly field: readonly FieldDescriptor[];
  readonly nestedType: readonly MessageDescriptor[];
  readonly enumType: readonly { readonly name: string }[];
}

/** The messages of proto files by their full names, nested ones and those of imported files included. */
export class MessageTypes {
  readonly #fields = new Map<string, readonly FieldDescriptor[]>();
  readonly #enums = new Set<string>();

  constructor(definitions: PackageDefinition) {
    for (const [fullName, definition] of Object.entries(definitions)) {
      if (!('format' in definition)) continue;
      const isMessage = definition.format === 'Protocol Buffer 3 DescriptorProto';
      if (isMessage) this.#add(fullName, definition.type as MessageDescriptor);
      else this.#enums.add(fullName);
    }
  }

  /** The fields of a message; `undefined` where there is none of this name. */
  fieldsOf(fullName: string): readonly FieldDescriptor[] | undefined {
    return this.#fields.get(fullName);
  }

  /** Full name of the message or enum that a field of `holder` has as its type. */
  typeOf(holder: string, { name, typeName }: FieldDescriptor): string {
    const scope = holder.split('.');
    const [first] = typeName.split('.');
    const candidates = scope
      .map((_, at) => scope.length - at)
      .concat(0)
      .map((length) => ({ length, fullName: [...scope.slice(0, length), typeName].join('.') }))
      .filter(({ fullName }) => this.#fields.has(fullName) || this.#enums.has(fullName));
    // Where both names go on alike the name would have been cut by one part more.
    const exact = candidates.find(({ length }) => scope[length] !== first);
    return present(exact ?? candidates[0], `the type of ${holder}.${name} is defined`).fullName;
  }

  #add(fullName: string, { field, nestedType, enumType }: MessageDescriptor): void {
    this.#fields.set(fullName, field);
    for (const nested of nestedType) this.#add(`${fullName}.${nested.name}`, nested);
    for (const { name } of enumType) this.#enums.add(`${fullName}.${name}`);
  }
}
