#pragma once
// Owners of PETSc objects (core/handle.hpp).

#include <petscdm.h>
#include <petsctao.h>
#include <petscts.h>

#include "core/handle.hpp"

namespace jpo {

using VecHandle = Handle<Vec, VecDestroy>;
using MatHandle = Handle<Mat, MatDestroy>;
using IsHandle = Handle<IS, ISDestroy>;
using DmHandle = Handle<DM, DMDestroy>;
using TsHandle = Handle<TS, TSDestroy>;
using TaoHandle = Handle<Tao, TaoDestroy>;

}  // namespace jpo
